/**
 * Where each member of the usual line of a bundle stands, found in its bytes: the members that the ledger writes, in
 * its order, each once, of texts that need no escape, and with a content that is canonical.
 */
import { isUtf8 } from 'node:buffer';
import { SCHEMA_PREFIX } from './bundle-format.js';
import { CanonicalBytes, viewOf } from './canonical-bytes.js';

/** How each member is read: a text, a whole number, the content, or as many letters as stand there. */
const [TEXT, WHOLE, CONTENT] = [0, -1, -2];
/** What stands before each member, in the order in which the ledger writes them. */
const MEMBERS = [
  ['id', '{"event":{"specversion":"1.0","id":"', TEXT],
  ['type', '","source":"urn:outcome-ledger","type":"', TEXT],
  ['subject', '","subject":"', TEXT],
  ['time', '","time":"', 24],
  ['schema', `","datacontenttype":"application/json","dataschema":"${SCHEMA_PREFIX}`, TEXT],
  ['data', '","data":', CONTENT],
  ['sequence', ',"ledgersequence":', WHOLE],
  ['ledgertime', ',"ledgertime":"', 24],
  ['stream', '","stream":"', TEXT],
  ['revision', '","revision":', WHOLE],
  ['actor', ',"actor":"', TEXT],
  ['correlationid', '","correlationid":"', TEXT],
  ['recordedfrom', '","recordedfrom":"', TEXT],
  ['salt', '","salt":"', 22],
  ['payloadhash', '","payloadhash":"', 64],
  ['leaf', '"},"leaf":"', 44],
] as const;
export type Member = (typeof MEMBERS)[number][0];
export const AT = Object.fromEntries(MEMBERS.map(([name], index) => [name, index])) as Readonly<
  Record<Member, number>
>;
const BEFORE = MEMBERS.map(([, text]) => viewOf(text));
const HOW = MEMBERS.map(([, , how]) => how);
const END = viewOf('"}');

const EFFECTIVE = viewOf('"effective":');
const FROM = viewOf('{"from":"');
const TO = viewOf('","to":"');
const OUTCOME_ID = viewOf('"outcomeId"');
const OPEN = 0x7b;

/** Of the line that was read last. */
export class EventMembers {
  bytes: Buffer = Buffer.alloc(0);
  private readonly json = new CanonicalBytes();
  readonly starts = new Int32Array(MEMBERS.length);
  readonly ends = new Int32Array(MEMBERS.length);
  /** Of members of the content, with the name of the first and without that of the second; 0 where it has none. */
  effectiveStart = 0;
  effectiveEnd = 0;
  outcomeIdStart = 0;
  outcomeIdEnd = 0;

  /** What is put together from it is taken from here. */
  get view(): DataView {
    return this.json.view;
  }

  /** @param end where a newline stands; @returns whether it is a line as described above */
  find(bytes: Buffer, start: number, end: number): boolean {
    this.bytes = bytes;
    this.json.set(bytes);
    return this.findMembers(start) === end;
  }

  /** @returns where the line ends, or −1 */
  private findMembers(start: number): number {
    const { json, starts, ends } = this;
    let at = start;
    for (let member = 0; member < BEFORE.length; member++) {
      const before = BEFORE[member]!;
      if (!json.has(before, at)) return -1;
      at += before.byteLength;
      starts[member] = at;
      at = this.endOf(HOW[member]!, at);
      if (at <= starts[member]!) return -1;
      ends[member] = at;
    }
    return json.has(END, at) ? at + END.byteLength : -1;
  }

  private endOf(how: number, at: number): number {
    // How many there are is enough to know of letters that are compared later.
    if (how > 0) return at + how;
    if (how === TEXT) return this.json.letters(at);
    return how === WHOLE ? this.json.digits(at) : this.content(at);
  }

  private content(start: number): number {
    const { bytes, json } = this;
    if (bytes[start] !== OPEN) return -1;
    json.isAscii = true;
    this.effectiveStart = this.outcomeIdStart = 0;
    const end = json.object(start, 0, this.onMember);
    if (end < 0 || (this.effectiveStart > 0 && !this.isPeriod())) return -1;
    return json.isAscii || isUtf8(bytes.subarray(start, end)) ? end : -1;
  }

  private readonly onMember = (name: number, value: number, end: number): void => {
    const { json } = this;
    if (json.has(OUTCOME_ID, name)) {
      this.outcomeIdStart = value;
      this.outcomeIdEnd = end;
    } else if (json.has(EFFECTIVE, name)) {
      this.effectiveStart = name;
      this.effectiveEnd = end;
    }
  };

  /** Two texts, and nothing else: the effective period of an outcome. */
  private isPeriod(): boolean {
    const { json } = this;
    const from = this.effectiveStart + EFFECTIVE.byteLength + FROM.byteLength;
    const fromEnd = json.letters(from);
    const to = fromEnd + TO.byteLength;
    const toEnd = json.letters(to);
    return (
      json.has(FROM, from - FROM.byteLength) &&
      fromEnd > from &&
      json.has(TO, fromEnd) &&
      toEnd > to &&
      json.has(END, toEnd)
    );
  }

  isSame(member: number, start: number, end: number): boolean {
    const { bytes, starts, ends } = this;
    const other = starts[member]!;
    if (ends[member]! - other !== end - start) return false;
    for (let at = 0; at < end - start; at++) if (bytes[start + at] !== bytes[other + at]) return false;
    return true;
  }

  has(text: string, member: number): boolean {
    const { bytes } = this;
    const start = this.starts[member]!;
    for (let at = 0; at < text.length; at++) if (bytes[start + at] !== text.charCodeAt(at)) return false;
    return true;
  }

  text(member: number): string {
    return this.bytes.toString('latin1', this.starts[member], this.ends[member]);
  }

  /** What stands nearly always in the next line too is made once. */
  textLike(last: string, member: number): string {
    const isSame = this.ends[member]! - this.starts[member]! === last.length && this.has(last, member);
    return isSame ? last : this.text(member);
  }

  number(member: number): number {
    let number = 0;
    for (let at = this.starts[member]!; at < this.ends[member]!; at++) {
      number = 10 * number + this.bytes[at]! - 0x30;
    }
    return number;
  }
}
