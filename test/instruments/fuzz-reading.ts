/** What a parser made of one input, in a form in which two parsers can be compared. */
export type Reading =
  | {
      readonly kind: "message";
      /** Requests: method and target; answers: the status as text and "". */
      readonly start: readonly [string, string];
      /** Names in lower case, values as latin1 text. */
      readonly headers: readonly (readonly [name: string, value: string])[];
      /** Hex, decoded from its framing. */
      readonly body: string;
      /** Whether the body was complete when the input ended. */
      readonly isComplete: boolean;
    }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "incomplete" };
