/** A stretch of a buffer that is payload throughout, in the form in which a body without framing of its own is handed on. */
export class WholeSlice {
  readonly starts = [0];
  readonly ends = [0];
  readonly count = 1;
  readonly rawStart = 0;
  readonly rawEnd = -1;

  set(start: number, end: number): this {
    this.starts[0] = start;
    this.ends[0] = end;
    return this;
  }
}
