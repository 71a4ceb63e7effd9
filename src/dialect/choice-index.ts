/** OpenAI allows 128 choices, and nobody more: https://platform.openai.com/docs/api-reference/chat/create#chat-create-n */
export const MAX_CHOICES = 128;

/**
 * Numbers of a whole answer's choices: those the provider gave where they can be such (each another one, from 0 on), or else their
 * places. Writers keep lists by these numbers.
 */
export function numberChoices(given: readonly unknown[]): readonly number[] {
  const numbers = given.map((number, place) => (number === undefined || number === null ? place : number));
  const isGood = numbers.every(
    (number) => typeof number === "number" && Number.isInteger(number) && number >= 0 && number < MAX_CHOICES,
  );
  const distinct = new Set(numbers);
  if (isGood && distinct.size === numbers.length && distinct.has(0)) return numbers as number[];
  return given.map((_, place) => place);
}
