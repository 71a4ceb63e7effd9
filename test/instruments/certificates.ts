/**
 * Certificates for the TLS tests, made on the spot with `node:crypto` (X.509 v3, ECDSA P-256, RFC 5280), because a
 * stored one would expire and the `openssl` command is not everywhere the tests run.
 */
import { generateKeyPairSync, sign, X509Certificate, type KeyObject } from "node:crypto";

export type Certificate = { readonly certPem: string; readonly keyPem: string };

export type TestCertificates = {
  readonly caPem: string;
  /** For `localhost` and 127.0.0.1, signed by the authority. */
  readonly server: Certificate;
  /** A client certificate, signed by the authority. */
  readonly client: Certificate;
  /** An authority nobody trusts, and a server certificate for `localhost` signed by it. */
  readonly strangerCaPem: string;
  readonly stranger: Certificate;
  /** Signed by the authority, for another name. */
  readonly otherName: Certificate;
  /** Signed by the authority, no longer valid. */
  readonly expired: Certificate;
};

let made: TestCertificates | null = null;

/** The certificates of this test process; made on first use. */
export function testCertificates(): TestCertificates {
  made ??= makeCertificates();
  return made;
}

function makeCertificates(): TestCertificates {
  const authority = makeAuthority("LLMux test authority");
  const stranger = makeAuthority("LLMux stranger authority");
  const local = { commonName: "localhost", names: ["localhost"], addresses: ["127.0.0.1"] };
  return {
    caPem: authority.certPem,
    server: issue(authority, local),
    client: issue(authority, { commonName: "llmux-test-client", names: ["llmux-test-client"], addresses: [] }),
    strangerCaPem: stranger.certPem,
    stranger: issue(stranger, local),
    otherName: issue(authority, { commonName: "other.example.com", names: ["other.example.com"], addresses: [] }),
    expired: issue(authority, { ...local, notAfter: new Date(Date.now() - 24 * 3_600_000) }),
  };
}

type Authority = { readonly name: string; readonly certPem: string; readonly key: KeyObject };
type Subject = {
  readonly commonName: string;
  readonly names: readonly string[];
  readonly addresses: readonly string[];
  readonly notAfter?: Date;
};

function makeAuthority(name: string): Authority {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const extensions = [
    extension("2.5.29.19", true, sequence(boolean(true))), // basicConstraints: CA
    extension("2.5.29.15", true, der(0x03, Buffer.from([1, 0x06]))), // keyUsage: certificate and CRL signing
  ];
  const certPem = writeCertificate({ issuer: name, subject: name, publicKey, extensions, signer: privateKey });
  return { name, certPem, key: privateKey };
}

function issue(authority: Authority, subject: Subject): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const alternatives = [
    ...subject.names.map((name) => der(0x82, Buffer.from(name))),
    ...subject.addresses.map((address) => der(0x87, Buffer.from(address.split(".").map(Number)))),
  ];
  const extensions = [
    extension("2.5.29.19", true, sequence()), // basicConstraints: not a CA
    extension("2.5.29.15", true, der(0x03, Buffer.from([7, 0x80]))), // keyUsage: digitalSignature
    extension("2.5.29.37", false, sequence(oid("1.3.6.1.5.5.7.3.1"), oid("1.3.6.1.5.5.7.3.2"))), // server and client
    extension("2.5.29.17", false, sequence(...alternatives)), // subjectAltName
  ];
  const certPem = writeCertificate({
    issuer: authority.name,
    subject: subject.commonName,
    publicKey,
    extensions,
    signer: authority.key,
    ...(subject.notAfter === undefined ? {} : { notAfter: subject.notAfter }),
  });
  return { certPem, keyPem: privateKey.export({ type: "pkcs8", format: "pem" }).toString() };
}

let lastSerial = Date.now();

function writeCertificate(what: {
  readonly issuer: string;
  readonly subject: string;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Buffer[];
  readonly signer: KeyObject;
  readonly notAfter?: Date;
}): string {
  const algorithm = sequence(oid("1.2.840.10045.4.3.2")); // ecdsa-with-SHA256
  lastSerial += 1;
  const notAfter = what.notAfter ?? new Date(Date.now() + 24 * 3_600_000);
  const toBeSigned = sequence(
    der(0xa0, integer(2)),
    integer(lastSerial),
    algorithm,
    distinguishedName(what.issuer),
    sequence(utcTime(new Date(notAfter.getTime() - 48 * 3_600_000)), utcTime(notAfter)),
    distinguishedName(what.subject),
    what.publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...what.extensions)),
  );
  const signature = sign("sha256", toBeSigned, what.signer);
  const bytes = sequence(toBeSigned, algorithm, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
  return new X509Certificate(bytes).toString();
}

// ---- DER (X.690), as far as a certificate needs it ------------------------------------------------------------------

function der(tag: number, content: Buffer): Buffer {
  const length =
    content.length < 0x80
      ? Buffer.from([content.length])
      : content.length < 0x100
        ? Buffer.from([0x81, content.length])
        : Buffer.from([0x82, content.length >> 8, content.length & 0xff]);
  return Buffer.concat([Buffer.from([tag]), length, content]);
}

function sequence(...items: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(items));
}

function integer(value: number): Buffer {
  const hex = value.toString(16);
  const bytes = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, "hex");
  return der(0x02, (bytes[0] as number) >= 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

function boolean(value: boolean): Buffer {
  return der(0x01, Buffer.from([value ? 0xff : 0]));
}

function oid(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const part of rest) {
    const groups = [part & 0x7f];
    for (let left = part >> 7; left > 0; left >>= 7) groups.unshift((left & 0x7f) | 0x80);
    bytes.push(...groups);
  }
  return der(0x06, Buffer.from(bytes));
}

function utcTime(date: Date): Buffer {
  const digits = date.toISOString().replace(/[-:T]/g, "").slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}

function distinguishedName(commonName: string): Buffer {
  return sequence(der(0x31, sequence(oid("2.5.4.3"), der(0x0c, Buffer.from(commonName)))));
}

function extension(id: string, isCritical: boolean, value: Buffer): Buffer {
  return sequence(oid(id), ...(isCritical ? [boolean(true)] : []), der(0x04, value));
}
