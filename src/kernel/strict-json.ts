/**
 * JSON as this API accepts it: I-JSON (RFC 7493). The ledger hashes the body that it was sent, and a receipt must stand
 * for exactly that body, so everything that JSON.parse would quietly change or lose is refused:
 * - bytes that are not UTF-8, a byte order mark, an empty body, text that is not JSON (RFC 8259);
 * - two members of one object with the same name, after escapes are read (JSON.parse keeps the last);
 * - a member named `__proto__`, which another library might take for the prototype;
 * - half of a surrogate pair, also when written as an escape: no UTF-8 and no hash can represent it;
 * - nesting deeper than 16, and more than 20,000 commas and colons, which no accepted body needs;
 * - a number that is not kept exactly. A literal is kept when its value is within ±(2^53 − 1) and the double it
 *   becomes, printed the shortest way (as RFC 8785 prints it), is the same decimal number. So 1.50 and
 *   0.30000000000000004 are kept; 9007199254740993, 1e16, 1e400, 1e-400 and 0.1000000000000000055 are not.
 *
 * An accepted body takes one scan, native JSON.parse, and one walk that counts names: fewer names in the tree than
 * colons outside strings means that a name came twice. Only a refused text is read again, slowly, to find the fault.
 * Tests: test/unit/strict-json.test.ts.
 */
import { isUtf8 } from 'node:buffer';
import { type JSONPath, printParseErrorCode, visit } from 'jsonc-parser';

const DEPTH_MAX = 16;
/** A submission of 500 outcomes with every field, and as many mistakes again, has fewer. */
const SEPARATORS_MAX = 20_000;
const ECHO_MAX = 100;

export class MalformedJson extends Error {
  override readonly name = 'MalformedJson';

  /** Lines and columns count from 1, columns in UTF-16 units. */
  constructor(
    readonly reason: string,
    readonly line: number,
    readonly column: number,
    readonly pointer?: string | undefined,
  ) {
    super(`${reason}, at line ${line}, column ${column}${pointer ? ` (${pointer})` : ''}`);
  }
}

/** Parses the bytes in time linear in their number, whatever they are. @throws MalformedJson */
export function parseJson(bytes: Buffer): unknown {
  if (bytes.length === 0) throw new MalformedJson('the body is empty', 1, 1);
  if (!isUtf8(bytes)) throw invalidUtf8(bytes);
  if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) {
    throw new MalformedJson('the body starts with a byte order mark', 1, 1);
  }
  const text = bytes.toString('utf8');
  const colons = colonsOutsideStrings(bytes);
  // The scan bounds the depth before anything that might recurse sees the text.
  if (colons === SUSPECT) throw explained(text);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw explained(text);
  }
  if (namesIn(value) !== colons) throw explained(text);
  const fault = ESCAPED_SURROGATE.test(text) ? faultIn(text) : null;
  if (fault) throw fault;
  return value;
}

/** Few texts have such an escape: only they are read slowly to see whether its other half follows. */
const ESCAPED_SURROGATE = /\\u[dD][89a-fA-F]/;

/** RFC 6901. */
export function pointerOf(path: readonly (string | number)[]): string {
  return path.map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

const SUSPECT = -1;
const [QUOTE, COMMA, MINUS, COLON, BACKSLASH] = [0x22, 0x2c, 0x2d, 0x3a, 0x5c];

/** The classes of bytes outside strings; from DIGIT on, a byte may also belong to a number. */
const [OPENS, CLOSES, DIGIT, SIGN_OR_POINT, EXPONENT] = [1, 2, 3, 4, 5];
const KIND = new Uint8Array(256);
for (const byte of Buffer.from('[{')) KIND[byte] = OPENS;
for (const byte of Buffer.from(']}')) KIND[byte] = CLOSES;
for (const byte of Buffer.from('0123456789')) KIND[byte] = DIGIT;
for (const byte of Buffer.from('+-.')) KIND[byte] = SIGN_OR_POINT;
for (const byte of Buffer.from('eE')) KIND[byte] = EXPONENT;

/** How many members the text has if it is JSON; SUSPECT when a depth, size or number is refused. */
function colonsOutsideStrings(bytes: Buffer): number {
  let [colons, commas, depth] = [0, 0, 0];
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === QUOTE) {
      // Steps over the string: what follows a backslash ends none.
      while (++i < bytes.length && bytes[i] !== QUOTE) if (bytes[i] === BACKSLASH) i++;
    } else if (byte === COLON) {
      if (++colons + commas > SEPARATORS_MAX) return SUSPECT;
    } else if (byte === COMMA) {
      if (colons + ++commas > SEPARATORS_MAX) return SUSPECT;
    } else if (KIND[byte] === OPENS) {
      if (++depth > DEPTH_MAX) return SUSPECT;
    } else if (KIND[byte] === CLOSES) {
      depth--;
    } else if (KIND[byte] === DIGIT || byte === MINUS) {
      i = lastOfNumber(bytes, i);
      if (i === SUSPECT) return SUSPECT;
    }
  }
  return colons;
}

/** The index of the last byte of the number that begins at `start`; SUSPECT when it is not kept exactly. */
function lastOfNumber(bytes: Buffer, start: number): number {
  let end = start + 1;
  let exponent = false;
  for (; end < bytes.length; end++) {
    const kind = KIND[bytes[end]!]!;
    if (kind < DIGIT) break;
    exponent ||= kind === EXPONENT;
  }
  // Without an exponent, 15 characters are at most 15 digits and not too small: always kept.
  if ((exponent || end - start > 15) && whyNotKept(bytes.toString('latin1', start, end))) return SUSPECT;
  return end - 1;
}

/** Why a number literal is not kept exactly (the rule is at the head of this file); undefined when it is. */
function whyNotKept(literal: string): string | undefined {
  const value = Number(literal);
  if (!Number.isFinite(value)) return 'a number is too large';
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) return 'a number is beyond ±9007199254740991';
  // Zero however it is written, and few digits in the normal range, without building strings.
  const kept =
    value === 0
      ? /^[-0.]+(?:[eE]|$)/.test(literal)
      : (literal.length <= 15 && Math.abs(value) > 1e-300) || decimal(literal) === decimal(String(value));
  return kept ? undefined : 'a number has more digits than can be kept';
}

/** One spelling for each decimal number but its sign: significant digits, and the last one's power of ten. */
function decimal(literal: string): string {
  const [mantissa = '', exponent = '0'] = literal.toLowerCase().replace('-', '').split('e', 2);
  const [whole = '', fraction = ''] = mantissa.split('.', 2);
  const digits = whole + fraction;
  let from = 0;
  let to = digits.length;
  while (digits[from] === '0') from++;
  while (to > from && digits[to - 1] === '0') to--;
  return `${digits.slice(from, to)}e${Number(exponent) - fraction.length + digits.length - to}`;
}

/** The number of names in the tree, without `__proto__`: a body with that name then never has enough of them. */
function namesIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let names = 0;
  if (Array.isArray(value)) {
    for (const item of value) names += namesIn(item);
    return names;
  }
  const record = value as Record<string, unknown>;
  for (const name in record) {
    if (name !== '__proto__') names++;
    const member = record[name];
    if (typeof member === 'object') names += namesIn(member);
  }
  return names;
}

/**
 * Finds the first fault of a text. Throwing stops the visit there, so the text after a syntax
 * error is never read, and the parser's recursion stays within DEPTH_MAX.
 */
function faultIn(text: string): MalformedJson | null {
  const open: Set<string>[] = [];
  const enter = (_offset: number, _length: number, line: number, column: number): void => {
    if (open.push(new Set()) > DEPTH_MAX) refuse(`nested deeper than ${DEPTH_MAX}`, line, column);
  };
  const leave = (): void => void open.pop();
  let separators = 0;
  try {
    visit(
      text,
      {
        onObjectBegin: enter,
        onObjectEnd: leave,
        onArrayBegin: enter,
        onArrayEnd: leave,
        onObjectProperty: (name, _offset, _length, line, column, pathOf) => {
          const names = open.at(-1)!;
          let reason: string | undefined;
          if (name === '__proto__') reason = 'a member may not be named __proto__';
          else if (names.has(name)) reason = 'a name comes twice in one object';
          else if (LONE_SURROGATE.test(name)) reason = 'a name holds half of a surrogate pair';
          if (reason) refuse(reason, line, column, [...pathOf(), name]);
          names.add(name);
        },
        onSeparator: (_character, _offset, _length, line, column) => {
          if (++separators <= SEPARATORS_MAX) return;
          refuse(`more than ${SEPARATORS_MAX} commas and colons`, line, column);
        },
        onLiteralValue: (value, offset, length, line, column, pathOf) => {
          if (typeof value === 'string' && LONE_SURROGATE.test(value)) {
            refuse('a string holds half of a surrogate pair', line, column, pathOf());
          }
          const reason = typeof value === 'number' && whyNotKept(text.slice(offset, offset + length));
          if (reason) refuse(reason, line, column, pathOf());
        },
        onError: (code, _offset, _length, line, column) => {
          // The parser's own words, such as "comma expected", from its name for the fault, "CommaExpected".
          const words = printParseErrorCode(code).replaceAll(/\B[A-Z]/g, ' $&');
          refuse(`not JSON: ${words.toLowerCase()}`, line, column);
        },
      },
      { disallowComments: true },
    );
  } catch (fault) {
    if (fault instanceof MalformedJson) return fault;
    throw fault;
  }
  return null;
}

function explained(text: string): MalformedJson {
  return faultIn(text) ?? new MalformedJson('not JSON', 1, 1);
}

const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Places count from 0, as the parser's do. A long pointer only repeats the client's text, and JSON cannot hold one with
 * half a surrogate pair.
 */
function refuse(reason: string, line: number, column: number, path: JSONPath = []): never {
  const pointer = pointerOf(path);
  const isTold = pointer.length <= ECHO_MAX && !LONE_SURROGATE.test(pointer);
  throw new MalformedJson(reason, line + 1, column + 1, isTold ? pointer : undefined);
}

/** Decoding replaces bytes that are not UTF-8: the fault is at the first byte that differs when encoded again. */
function invalidUtf8(bytes: Buffer): MalformedJson {
  const again = Buffer.from(bytes.toString('utf8'));
  let at = 0;
  while (again[at] === bytes[at]) at++;
  const lines = bytes.toString('utf8', 0, at).split(/\r\n|\r|\n/);
  return new MalformedJson('a byte is not UTF-8', lines.length, lines.at(-1)!.length + 1);
}
