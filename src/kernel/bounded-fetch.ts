/** `fetch` for answers from outside: whoever answers could send more than there is memory for. */

/** @throws Error where the answer has more bytes, of which no more are then read */
export async function fetchAtMost(bytesMax: number, ...asked: Parameters<typeof fetch>): Promise<Response> {
  const { body, status, headers } = await fetch(...asked);
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of (body ?? []) as AsyncIterable<Uint8Array>) {
    if ((bytes += piece.length) > bytesMax) throw new Error(`the answer has more than ${bytesMax} bytes`);
    pieces.push(piece);
  }
  return new Response(bytes === 0 ? null : Buffer.concat(pieces), { status, headers });
}
