/** Where a command writes; tests give one that collects. */
export interface Terminal {
  /** Resolves once the text is handed to the operating system, or its reader is gone. */
  out(text: string): Promise<void>;
  err(text: string): Promise<void>;
  /** Aborted when the reader of the output is gone (`llmux chat … | head -1`). */
  readonly readerGone: AbortSignal;
}

/**
 * The process's own stdout and stderr. A write to a closed pipe is an error event that would end the process unheard;
 * here it only says that nobody reads any more. The streams are touched at the first write: `serve` has its own log.
 */
export function openTerminal(): Terminal {
  const gone = new AbortController();
  const watched = new Set<NodeJS.WriteStream>();
  const write = (stream: NodeJS.WriteStream, text: string): Promise<void> => {
    if (!watched.has(stream)) {
      watched.add(stream);
      // EPIPE and its kin: there is nobody left to tell.
      stream.on("error", () => gone.abort(new Error("the reader of the output is gone")));
    }
    // The callback comes with an error too when the reader is gone: the listener above has dealt with it.
    return new Promise((resolve) => stream.write(text, () => resolve()));
  };
  return {
    out: (text) => write(process.stdout, text),
    err: (text) => write(process.stderr, text),
    readerGone: gone.signal,
  };
}
