/**
 * Under this a request that was put together from a stored conversation keeps the `previous_response_id` it came with, so that its
 * answer can name it. A symbol, because the id is spent: no JSON, and no check for fields a target cannot take, may see it.
 */
export const PREVIOUS_RESPONSE: unique symbol = Symbol("previous_response_id");
