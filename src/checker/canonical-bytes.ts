/**
 * Whether bytes are canonical JSON (RFC 8785), found by reading them once, without making anything of them.
 *
 * What it takes is canonical; what it does not take may be so too, such as a name with an escape or a fraction, and
 * is for a parser to decide. Bytes beyond ASCII are let through within texts: `isAscii` says whether there were any.
 */

const [QUOTE, BACKSLASH, COMMA, COLON, MINUS, ZERO] = [0x22, 0x5c, 0x2c, 0x3a, 0x2d, 0x30];
const [OPEN, CLOSE, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Of each byte, whether it is printable ASCII that needs no escape in a text, or a digit. */
const LETTERS = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(byte >= 0x20 && byte <= 0x7e && byte !== QUOTE && byte !== BACKSLASH),
);
const DIGITS = Uint8Array.from({ length: 256 }, (_, byte) => Number(byte >= 0x30 && byte <= 0x39));

/** What has a short escape, `"\bfnrt`: of all others that need one, it is a number in hexadecimal. */
const SHORT_ESCAPES = new Set(Buffer.from('"\\bfnrt'));
const WORDS = ['true', 'false', 'null'].map(viewOf);
/** What is exact as a number, whatever its digits. */
const DIGITS_MAX = 15;
const DEPTH_MAX = 8;

/**
 * Of four bytes at once, in half the time: the high bit of each is set where it is 0x7f or more, less than a space, or
 * what is a quote or a backslash is nought.
 */
function areLetters(four: number): boolean {
  const quote = four ^ 0x22222222;
  const backslash = four ^ 0x5c5c5c5c;
  const others =
    four |
    (four + 0x01010101) |
    ((four - 0x20202020) & ~four) |
    ((quote - 0x01010101) & ~quote) |
    ((backslash - 0x01010101) & ~backslash);
  return (others & 0x80808080) === 0;
}

/** A text as `has` takes it. */
export function viewOf(text: string): DataView {
  const bytes = Buffer.from(text);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

export class CanonicalBytes {
  isAscii = true;
  bytes: Buffer = Buffer.alloc(0);
  view = viewOf('');

  /** To be read from now on. */
  set(bytes: Buffer): void {
    if (bytes === this.bytes) return;
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /**
   * Each method is asked what begins at a place.
   * @returns where it ends, or −1 where nothing begins there that is taken
   */
  value(at: number, depth = 0): number {
    const first = this.bytes[at]!;
    if (first === QUOTE) return this.text(at);
    if (first === OPEN) return depth < DEPTH_MAX ? this.object(at, depth + 1) : -1;
    if (first === OPEN_LIST) return depth < DEPTH_MAX ? this.list(at, depth + 1) : -1;
    if (first === MINUS || DIGITS[first] === 1) return this.whole(at);
    const word = WORDS.find((letters) => this.has(letters, at));
    return word ? at + word.byteLength : -1;
  }

  /** @param onMember told where each name of it begins, and where its value does, and ends */
  object(at: number, depth = 0, onMember?: (name: number, value: number, end: number) => void): number {
    const { bytes } = this;
    if (bytes[at + 1] === CLOSE) return at + 2;
    for (let last = -1; ;) {
      const name = at + 1;
      const value = this.name(name) + 1;
      if (value === 0 || bytes[value - 1] !== COLON || (last >= 0 && !this.precedes(last, name))) return -1;
      const end = this.value(value, depth);
      if (end < 0) return -1;
      onMember?.(name, value, end);
      if (bytes[end] === CLOSE) return end + 1;
      if (bytes[end] !== COMMA) return -1;
      last = name;
      at = end;
    }
  }

  private list(at: number, depth: number): number {
    if (this.bytes[at + 1] === CLOSE_LIST) return at + 2;
    for (;;) {
      at = this.value(at + 1, depth);
      if (at < 0) return -1;
      if (this.bytes[at] === CLOSE_LIST) return at + 1;
      if (this.bytes[at] !== COMMA) return -1;
    }
  }

  private text(at: number): number {
    const { bytes } = this;
    for (at = this.letters(at + 1); ; at = this.letters(at + 1)) {
      const byte = bytes[at]!;
      if (byte === QUOTE) return at + 1;
      if (byte >= 0x80) this.isAscii = false;
      else if (byte !== BACKSLASH || !SHORT_ESCAPES.has(bytes[++at]!)) return -1;
    }
  }

  /** A text without any escape, and in ASCII: the order of such is that of their bytes. */
  private name(at: number): number {
    if (this.bytes[at] !== QUOTE) return -1;
    const end = this.letters(at + 1);
    return this.bytes[end] === QUOTE ? end + 1 : -1;
  }

  private precedes(one: number, other: number): boolean {
    const { bytes } = this;
    for (let at = 1; ; at++) {
      const first = bytes[one + at]!;
      const second = bytes[other + at]!;
      // The shorter comes first, and of two that are the same neither does.
      if (first === QUOTE || second === QUOTE) return second !== QUOTE;
      if (first !== second) return first < second;
    }
  }

  private whole(at: number): number {
    if (this.bytes[at] !== MINUS) return this.digits(at);
    return this.bytes[at + 1] === ZERO ? -1 : this.digits(at + 1);
  }

  /** A whole number that is not negative: no more digits than are exact, and none that is not needed. */
  digits(at: number): number {
    const { bytes } = this;
    let end = at;
    while (DIGITS[bytes[end]!] === 1) end++;
    const isOneSpelling = bytes[at] !== ZERO || end === at + 1;
    return end > at && end - at <= DIGITS_MAX && isOneSpelling ? end : -1;
  }

  /** As many as there are: none is as good. */
  letters(at: number): number {
    const { bytes, view } = this;
    while (at + 4 <= bytes.length && areLetters(view.getInt32(at))) at += 4;
    while (LETTERS[bytes[at]!] === 1) at++;
    return at;
  }

  /** Whether these letters stand there. Four are compared at once, in half the time. */
  has(letters: DataView, at: number): boolean {
    const { view } = this;
    const length = letters.byteLength;
    if (at + length > view.byteLength) return false;
    let index = 0;
    for (; index + 4 <= length; index += 4) {
      if (view.getUint32(at + index) !== letters.getUint32(index)) return false;
    }
    for (; index < length; index++) {
      if (view.getUint8(at + index) !== letters.getUint8(index)) return false;
    }
    return true;
  }
}
