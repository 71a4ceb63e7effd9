/** What became of a text with `${NAME}` in it. */
export type Expansion =
  | { readonly kind: "plain"; readonly text: string }
  /** `isWhole`: the text was one reference and nothing else. */
  | { readonly kind: "expanded"; readonly text: string; readonly isWhole: boolean }
  | { readonly kind: "problem"; readonly message: string };

const REFERENCE = /\$\$\{|\$\{([^}]*)\}|\$\{/g;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Replaces every `${NAME}` by the environment's value; `$${` stands for `${` itself. */
export function expandEnvironment(text: string, env: Readonly<Record<string, string | undefined>>): Expansion {
  if (!text.includes("${")) return { kind: "plain", text };
  let problem: string | null = null;
  let references = 0;
  const expanded = text.replaceAll(REFERENCE, (match: string, name: string | undefined) => {
    if (match === "$${") return "${";
    references++;
    if (name === undefined || !NAME.test(name)) {
      problem ??= 'expected the name of an environment variable as in "${NAME}" ("$${" stands for a literal "${")';
      return "";
    }
    // An own property only: `${constructor}` must not reach what every object inherits.
    const value = Object.hasOwn(env, name) ? env[name] : undefined;
    if (value === undefined) problem ??= `expected the environment variable ${name} to be set`;
    return value ?? "";
  });
  if (problem !== null) return { kind: "problem", message: problem };
  if (references === 0) return { kind: "plain", text: expanded };
  return { kind: "expanded", text: expanded, isWhole: /^\$\{[^}]*\}$/.test(text) };
}
