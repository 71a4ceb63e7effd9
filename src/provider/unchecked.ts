/** What could not be checked of many providers alike, in one wording. */

export const ADDRESS_FROM_PROGRAMS =
  "Its own documentation was not read: address and key header are those of public programs that use it.";

export const ADDRESS_FROM_LISTS =
  "Its own documentation was not read: base URL and key variable are those of the linked lists.";

export const REFUSALS_UNKNOWN = "Which of OpenAI's parameters it refuses is not known.";

export const COUNTING_UNKNOWN = "Whether it counts tokens; that is left out.";

export const DEPENDS_ON_UPSTREAM = "What a parameter does depends on the upstream.";
