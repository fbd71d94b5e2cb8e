/**
 * The usual line of a bundle, an event with its leaf, checked as bytes: nearly all lines are such, and to parse one,
 * and to write it again as bundle-line.ts must for any other, takes several times as long.
 *
 * What is taken is good by itself: its content has the hash that stands beside it, and its leaf is that of its entry.
 * What is not taken may be as good: it is parsed, and whatever is wrong with it is named there.
 */
import { hash } from 'node:crypto';
import { instantOf, SCHEMA_PREFIX, type BundleEvent } from './bundle-format.js';
import { viewOf } from './canonical-bytes.js';
import { AT, EventMembers } from './event-members.js';
import { HASH_BYTES, type Hash } from '../tlog/merkle.js';

/** What stands in an entry before each member of the line, as entry.ts has it. An outcome's period is the second. */
const ENTRY = (
  [
    ['{"actor":"', 'actor'],
    ['"id":"', 'id'],
    ['","payloadHash":"', 'payloadhash'],
    ['","recordedAt":"', 'time'],
    ['","revision":', 'revision'],
    [',"schema":"', 'schema'],
    ['","stream":"', 'stream'],
    ['","type":"', 'type'],
  ] as const
).map(([text, name]) => ({ text: viewOf(text), member: AT[name] }));
const [AFTER_ACTOR, AFTER_PERIOD, AFTER_TYPE] = ['",', ',', '"}'].map(viewOf) as [
  DataView,
  DataView,
  DataView,
];

const QUOTE = 0x22;
const SALT_BYTES = 16;
/** Longer ones are parsed. An entry, and a content with its salt, are shorter than their line. */
const LINE_MAX = 8_192;

/** All that it tells is of the line that was read last. */
export class EventLine implements BundleEvent {
  private readonly members = new EventMembers();
  private readonly entry = new Hashed();
  private readonly salted = new Hashed();
  /** Of the entry. */
  readonly leaf = Buffer.alloc(HASH_BYTES) as Hash;
  time = '';
  ledgertime = '';
  stream = '';
  private known = { schema: '', dataschema: SCHEMA_PREFIX };

  /** @param end where a newline stands; @returns whether the line is good by itself, as far as is known here */
  read(bytes: Buffer, start: number, end: number): boolean {
    return (
      end - start <= LINE_MAX &&
      this.members.find(bytes, start, end) &&
      this.areTimes() &&
      this.isSubject() &&
      this.isContentRecorded() &&
      this.isEntryLogged()
    );
  }

  private areTimes(): boolean {
    const { members } = this;
    this.time = members.textLike(this.time, AT.time);
    this.ledgertime = members.textLike(this.time, AT.ledgertime);
    return !Number.isNaN(instantOf(this.time)) && !Number.isNaN(instantOf(this.ledgertime));
  }

  /** An outcome's id where the content has one, and otherwise the stream. */
  private isSubject(): boolean {
    const { members } = this;
    const { bytes, starts, ends, outcomeIdStart, outcomeIdEnd } = members;
    this.stream = members.textLike(this.stream, AT.stream);
    return outcomeIdStart > 0 && bytes[outcomeIdStart] === QUOTE
      ? members.isSame(AT.subject, outcomeIdStart + 1, outcomeIdEnd - 1)
      : members.isSame(AT.subject, starts[AT.stream]!, ends[AT.stream]!);
  }

  private isContentRecorded(): boolean {
    const { members, salted } = this;
    salted.length = this.decodeSalt(salted.bytes);
    if (salted.length !== SALT_BYTES) return false;
    salted.put(members.view, members.starts[AT.data], members.ends[AT.data]);
    return members.has(salted.hash('hex'), AT.payloadhash);
  }

  /** @returns how many bytes it has; none where it is not base64url, in its one spelling */
  private decodeSalt(into: Buffer): number {
    const { bytes, starts, ends } = this.members;
    let length = 0;
    let bits = 0;
    let held = 0;
    for (let at = starts[AT.salt]!; at < ends[AT.salt]!; at++) {
      const six = BASE64URL[bytes[at]!]!;
      if (six < 0) return 0;
      held = ((held << 6) | six) & 0xffff;
      bits += 6;
      if (bits < 8) continue;
      bits -= 8;
      into[length++] = held >> bits;
    }
    return (held & ((1 << bits) - 1)) === 0 ? length : 0;
  }

  private isEntryLogged(): boolean {
    const { entry, members } = this;
    const { view, starts, ends, effectiveStart, effectiveEnd } = members;
    // 0x00 stands before the entry of a leaf.
    entry.length = 1;
    for (let index = 0; index < ENTRY.length; index++) {
      const { text, member } = ENTRY[index]!;
      entry.put(text);
      entry.put(view, starts[member], ends[member]);
      if (index > 0) continue;
      entry.put(AFTER_ACTOR);
      if (effectiveStart === 0) continue;
      entry.put(view, effectiveStart, effectiveEnd);
      entry.put(AFTER_PERIOD);
    }
    entry.put(AFTER_TYPE);
    const leaf = entry.hash('base64');
    this.leaf.write(leaf, 'base64');
    return members.has(leaf, AT.leaf);
  }

  get id(): string {
    return this.members.text(AT.id);
  }
  get type(): string {
    return this.members.text(AT.type);
  }
  get dataschema(): string {
    const schema = this.members.textLike(this.known.schema, AT.schema);
    if (schema !== this.known.schema) this.known = { schema, dataschema: SCHEMA_PREFIX + schema };
    return this.known.dataschema;
  }
  get data(): BundleEvent['data'] {
    const { bytes, starts, ends } = this.members;
    return JSON.parse(bytes.toString('utf8', starts[AT.data], ends[AT.data])) as BundleEvent['data'];
  }
  get ledgersequence(): number {
    return this.members.number(AT.sequence);
  }
  get revision(): number {
    return this.members.number(AT.revision);
  }
  get actor(): string {
    return this.members.text(AT.actor);
  }
  get salt(): string {
    return this.members.text(AT.salt);
  }
  get payloadhash(): string {
    return this.members.text(AT.payloadhash);
  }
}

/** Of each letter of base64url its six bits, and −1 of all others. */
const BASE64URL = Int8Array.from({ length: 256 }, (_, byte) =>
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.indexOf(String.fromCharCode(byte)),
);

/** What is hashed next: put together in bytes that are there. */
class Hashed {
  readonly bytes = Buffer.alloc(LINE_MAX);
  length = 0;
  private readonly view = new DataView(this.bytes.buffer, this.bytes.byteOffset, LINE_MAX);
  private readonly beginnings: Buffer[] = [];

  /** Four bytes at once, in a fifth of the time. */
  put(from: DataView, start = 0, end = from.byteLength): void {
    const { view } = this;
    let to = this.length;
    let at = start;
    for (; at + 4 <= end; at += 4, to += 4) view.setUint32(to, from.getUint32(at));
    for (; at < end; at++, to++) view.setUint8(to, from.getUint8(at));
    this.length = to;
  }

  hash(encoding: 'hex' | 'base64'): string {
    const { length } = this;
    return hash('sha256', (this.beginnings[length] ??= this.bytes.subarray(0, length)), encoding);
  }
}
