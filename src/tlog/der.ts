/**
 * The part of DER (X.690) that time stamps need: elements of definite length with tags below 31.
 *
 * The reader is strict: it refuses an element that could be encoded in another way, because a signature covers bytes
 * and not their meaning.
 */
export interface Element {
  readonly tag: number;
  readonly content: Buffer;
  /** The whole element: tag, length and content. */
  readonly bytes: Buffer;
}

export const TAG = {
  integer: 0x02,
  octets: 0x04,
  oid: 0x06,
  time: 0x18,
  sequence: 0x30,
  set: 0x31,
  context: (number: number) => 0xa0 + number,
} as const;

export function elementsIn(bytes: Buffer): Element[] {
  const elements: Element[] = [];
  for (let at = 0; at < bytes.length;) {
    const element = elementAt(bytes, at);
    elements.push(element);
    at += element.bytes.length;
  }
  return elements;
}

function elementAt(bytes: Buffer, at: number): Element {
  const [tag, first] = [bytes[at], bytes[at + 1]];
  if (tag === undefined || first === undefined || (tag & 0x1f) === 0x1f)
    throw new Error('not DER: an element with a tag below 31 is missing');
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (first === 0x80 || lengthBytes > 3) throw new Error('not DER: a length');
  const start = at + 2 + lengthBytes;
  const length =
    lengthBytes === 0 ? first : bytes.subarray(at + 2, start).reduce((sum, byte) => sum * 256 + byte, 0);
  const isShortest = lengthBytes === 0 || length >= Math.max(0x80, 2 ** (8 * (lengthBytes - 1)));
  if (!isShortest || start + length > bytes.length) throw new Error('not DER: a length');
  return { tag, content: bytes.subarray(start, start + length), bytes: bytes.subarray(at, start + length) };
}

export function only(bytes: Buffer, tag: number): Element {
  const [element, ...more] = elementsIn(bytes);
  if (more.length > 0) throw new Error('not DER: bytes follow the element');
  return tagged(element, tag);
}

export function tagged(element: Element | undefined, tag: number): Element {
  if (element?.tag !== tag) throw new Error(`not DER: an element of tag 0x${tag.toString(16)} is missing`);
  return element;
}

export function encode(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length =
    content.length < 0x80 ? [content.length] : [0x82, content.length >> 8, content.length & 0xff];
  if (content.length > 0x7f && content.length < 0x100) length.splice(0, 3, 0x81, content.length);
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}
