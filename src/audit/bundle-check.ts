/**
 * The checker of bundles: takes their lines one by one, trusts none of them, and says whether they are good,
 * tampered with, or not enough to tell.
 *
 * It rebuilds the tree from the events, and holds the root against the checkpoint, the checkpoint against keys that
 * whoever checks trusts, and the beginning of the tree against an earlier checkpoint that they kept. Memory grows
 * with the number of streams, up to 2^24, and, for a figure, with that of its outcomes; not with that of events.
 */
import { canonicalJson, payloadHash } from '../kernel/canonical-json.js';
import { limitsOf, loggedEventOf, scopeText } from './bundle-format.js';
import type { BundleEvent, BundleFigure, BundleHeader, BundleLine, BundleScope } from './bundle-format.js';
import { parseBundleLine } from './bundle-line.js';
import { parseCheckpoint, type Checkpoint } from './checkpoint.js';
import { entryOf } from './entry.js';
import { ErasedEvents } from './erased-events.js';
import { FigureCheck } from './figure-check.js';
import { Frontier, leafHash, parseHashText } from './merkle.js';
import {
  encodeVerifierKey,
  parseVerifierKey,
  signsLogs,
  verifiedSignatures,
  type VerifierKey,
} from './note.js';
import { policyOf, type Policy } from './policy.js';
import { BadTimeStamp, stampIn, type Stamped } from './timestamp.js';

export interface Finding {
  /** Of the event that is not as it must be, where one can be named. */
  readonly sequence?: number;
  readonly what: string;
}

export interface Verdict {
  readonly verdict: 'good' | 'tampered' | 'cannot tell';
  /** Each is proof that something was altered, in the order of the ledger. */
  readonly faults: readonly Finding[];
  /** What could not be checked. */
  readonly doubts: readonly string[];
  /** What is remarkable, and no fault. */
  readonly remarks: readonly Finding[];
  /** What is not shown by a bundle that is good: a part of the ledger is no more than that. */
  readonly limits: readonly string[];
  readonly scope: BundleScope | null;
  readonly figure: BundleFigure | null;
  readonly origin: string | null;
  readonly size: number | null;
  readonly root: string | null;
  readonly events: number;
  readonly erased: number;
  readonly signedBy: readonly string[];
  /** By an authority that the policy names, which says that the checkpoint existed then. */
  readonly stamped: Stamped | null;
}

export interface CheckOptions {
  /** Whom to trust. Without it, whoever signed the earlier checkpoint. */
  readonly policy?: Policy;
  /** A checkpoint that was kept, as text. */
  readonly since?: string;
  /** When the ledger had no event that it lacks, in milliseconds since 1970; its cosignatures say so too. */
  readonly sinceTimeMs?: number;
  /** Of how many streams the revisions are compared; more than fit into memory cannot be. */
  readonly streamsMax?: number;
  /** The scope that is asked for, as `scopeText` writes it: whatever is of another does not answer the question. */
  readonly expect?: string;
}

const FINDINGS_MAX = 20;
/** A Map holds no more than 2^24. */
const STREAMS_MAX = 2 ** 24 - 1;
/** Clocks of several machines may differ by so much. */
const CLOCK_TOLERANCE_MS = 5_000;

export class BundleCheck {
  private readonly faults: Finding[] = [];
  private readonly doubts: string[] = [];
  private readonly remarks: Finding[] = [];
  private readonly tree = new Frontier();
  private readonly revisions = new Map<string, number>();
  private readonly since: Checkpoint | null;
  private sinceMet = false;
  private isSinceDated: boolean;
  private streamsLeftOut = 0;
  private readonly streamsMax: number;
  private backdatedBeforeMs: number;
  private header: BundleHeader | null = null;
  private checkpoint: Checkpoint | null = null;
  private timestamp: string | null = null;
  private stamped: Stamped | null = null;
  private figure: FigureCheck | null = null;
  private ledgerTimeMs = 0;
  private lastTime = { text: '', ms: NaN };
  private events = 0;
  private readonly erased = new ErasedEvents();
  private signedBy: readonly VerifierKey[] = [];

  /** @throws BadNote where the earlier checkpoint is none, or a witness that is trusted did not sign it as it is */
  constructor(private readonly options: CheckOptions) {
    this.since = options.since === undefined ? null : parseCheckpoint(options.since);
    const witnesses = [...(options.policy?.witnesses.values() ?? [])];
    const cosigned = this.since ? verifiedSignatures(this.since.note, witnesses) : [];
    this.isSinceDated = options.sinceTimeMs !== undefined || cosigned.length > 0;
    this.backdatedBeforeMs = Math.max(
      options.sinceTimeMs ?? 0,
      ...cosigned.map(({ time = 0 }) => time * 1_000),
    );
    this.streamsMax = options.streamsMax ?? STREAMS_MAX;
    this.meetSince();
  }

  takeLine(text: string): void {
    if (this.checkpoint) return this.fault('something follows the checkpoint');
    try {
      this.take(parseBundleLine(text));
    } catch (error) {
      // Whatever a line holds that no ledger writes: a hash that is none, a member that is missing.
      this.fault(`the line after ${this.tree.size} leaves is not of a bundle: ${(error as Error).message}`);
    }
  }

  private take(line: BundleLine): void {
    if ('format' in line) this.takeHeader(line);
    else if (!this.header) this.fault('it does not begin with the header of a bundle');
    else if ('event' in line) this.takeEvent(line.event, line);
    else if ('subtree' in line) this.takeSubtree(line.subtree);
    else {
      this.checkpoint = parseCheckpoint(line.checkpoint);
      this.timestamp = line.timestamp ?? null;
    }
  }

  private takeHeader(header: BundleHeader): void {
    if (this.header) return this.fault('it has two headers');
    this.header = header;
    if (header.figure) this.figure = new FigureCheck(header.figure);
  }

  private takeEvent(
    event: BundleEvent,
    { leaf: leafText, content }: { readonly leaf: string; readonly content?: string },
  ): void {
    const sequence = this.tree.size;
    if (event.ledgersequence !== sequence) {
      return this.fault(
        `the event ${event.id} has the sequence ${event.ledgersequence}, in the place of ${sequence}`,
        sequence,
      );
    }
    this.events++;
    const leaf = leafHash(entryOf(loggedEventOf(event)));
    if (leaf.toString('base64') !== leafText) {
      this.fault(`what is said of the event ${event.id} is not what was logged of it`, sequence);
    }
    const isAsRecorded = this.checkPayload(event, sequence, content);
    this.checkScope(event, sequence);
    this.checkRevision(event, sequence);
    this.checkTimes(event, sequence);
    if (isAsRecorded) this.figure?.take(event);
    if (isAsRecorded && event.salt !== undefined) this.checkErasure(event);
    this.tree.append(leaf);
    this.meetSince();
  }

  private takeSubtree({ height, number, hash }: { height: number; number: number; hash: string }): void {
    const { scope } = this.header!;
    if (scope.kind === 'everything') {
      return this.fault(`events are left out of a bundle of everything`, this.tree.size);
    }
    const [first, end] = [number * 2 ** height, (number + 1) * 2 ** height];
    if (this.tree.size !== first) throw new Error('a subtree is out of its place');
    if (scope.kind === 'period' && first <= scope.until && end > scope.after + 1) {
      this.fault(`events of the period are left out`, Math.max(first, scope.after + 1));
    }
    this.tree.append(parseHashText(hash), height);
    this.meetSince();
  }

  /** Salt and texts may have been erased by a lawful order: the hash of what was there stays in the log. */
  private checkPayload(event: BundleEvent, sequence: number, content?: string): boolean {
    const { id, data, salt, payloadhash } = event;
    if (salt === undefined) {
      this.erased.take(event);
      return true;
    }
    // What was stored is canonical, and stays so unless someone wrote the file anew.
    const written = content ?? JSON.stringify(data);
    if (payloadHash(salt, written) === payloadhash) return true;
    // A member may stand twice in it, of which one alone was parsed.
    const isPlain = content === undefined || content === JSON.stringify(data);
    if (isPlain && payloadHash(salt, canonicalJson(data)) === payloadhash) return true;
    this.fault(`the content of the event ${id} does not have the hash that was recorded with it`, sequence);
    return false;
  }

  private checkErasure(event: BundleEvent): void {
    for (const sequence of this.erased.explain(event)) {
      this.fault(`what is left of the event is not what the erasure ${event.id} left of it`, sequence);
    }
  }

  /** In a bundle of everything, or of a programme, each erasure is there; in another, it may be elsewhere. */
  private checkErased({ scope }: BundleHeader): void {
    const unexplained = this.erased.unexplainedSequences;
    if (unexplained.length === 0) return;
    const some = unexplained.slice(0, FINDINGS_MAX).join(', ');
    if (scope.kind === 'everything' || scope.kind === 'programme') {
      this.doubts.push(
        `the content of the events ${some} is gone, and no erasure in it says so: if one was going on, ask for it again`,
      );
    } else {
      for (const sequence of unexplained)
        this.remark('its content is gone; the erasure is not in it', sequence);
    }
  }

  private checkScope({ id, stream, data }: BundleEvent, sequence: number): void {
    const { scope } = this.header!;
    if (scope.kind === 'period' && (sequence <= scope.after || sequence > scope.until)) {
      this.fault(`the event ${id} is not of the period`, sequence);
    }
    if (scope.kind !== 'programme') return;
    const { programmeId } = data;
    const isOther = programmeId !== undefined && programmeId !== scope.programme;
    const isOtherStream = stream.startsWith('programme-') && stream !== `programme-${scope.programme}`;
    if (isOther || isOtherStream) this.fault(`the event ${id} is not of ${scope.programme}`, sequence);
  }

  private checkRevision({ stream, revision }: BundleEvent, sequence: number): void {
    const { kind } = this.header!.scope;
    const last = this.revisions.get(stream);
    if (last === undefined && this.revisions.size >= this.streamsMax) {
      if (this.streamsLeftOut++ === 0) {
        this.doubts.push(`it has over ${this.streamsMax} streams: of the others, revisions are not compared`);
      }
      return;
    }
    this.revisions.set(stream, revision);
    // Streams lie whole in a programme. A period may begin amid one, and a figure is made of some events of it.
    const isWhole = kind === 'everything' || kind === 'programme';
    const next = last === undefined ? (isWhole ? 0 : revision) : last + 1;
    const isNext = kind === 'figure' ? revision >= next : revision === next;
    if (!isNext) this.fault(`${stream} goes from revision ${last ?? 'none'} to ${revision}`, sequence);
  }

  private checkTimes({ id, time, ledgertime }: BundleEvent, sequence: number): void {
    const recordedMs = this.instantOf(time);
    const ledgerMs = time === ledgertime ? recordedMs : Date.parse(ledgertime);
    const isWhole = sequence === this.events - 1;
    const expectedMs = Math.max(this.ledgerTimeMs, recordedMs);
    const follows = isWhole ? ledgerMs === expectedMs : ledgerMs >= expectedMs;
    if (!follows) {
      this.fault(
        `the ledger time of the event ${id} does not follow from the times at which events were recorded`,
        sequence,
      );
    }
    this.ledgerTimeMs = Math.max(expectedMs, ledgerMs);
    const isLater = this.since !== null && sequence >= this.since.size;
    if (isLater && recordedMs < this.backdatedBeforeMs - CLOCK_TOLERANCE_MS) {
      const known = new Date(this.backdatedBeforeMs).toISOString();
      this.fault(
        `the event ${id} is dated ${time}, but was not in the ledger at ${known}: it is back-dated`,
        sequence,
      );
    } else if (ledgerMs - recordedMs > CLOCK_TOLERANCE_MS) {
      this.remark(
        `the clock stood ${Math.round((ledgerMs - recordedMs) / 1_000)} seconds behind ledger time`,
        sequence,
      );
    }
  }

  /** Events that were recorded together have one time: it is read once. */
  private instantOf(time: string): number {
    if (time !== this.lastTime.text) this.lastTime = { text: time, ms: Date.parse(time) };
    return this.lastTime.ms;
  }

  /** Compares the tree as it stands with the earlier checkpoint, where it has come to its size. */
  private meetSince(): void {
    if (!this.since || this.sinceMet || BigInt(this.tree.size) !== this.since.size) return;
    this.sinceMet = true;
    // Of a part that is not all there, it is not known when its last event was recorded.
    this.isSinceDated ||= this.events === this.tree.size;
    this.backdatedBeforeMs = Math.max(this.backdatedBeforeMs, this.ledgerTimeMs);
    if (!this.tree.root().equals(this.since.root)) {
      this.fault(`the first ${this.since.size} events are not those of the earlier checkpoint`, undefined);
    }
  }

  end(): Verdict {
    if (!this.header || !this.checkpoint) {
      if (this.faults.length === 0) this.fault('it breaks off before its checkpoint');
    } else {
      this.checkHead(this.header, this.checkpoint);
      this.checkSince(this.checkpoint);
      this.checkSignatures(this.header, this.checkpoint);
      this.checkTimestamp(this.checkpoint);
      this.checkErased(this.header);
      this.checkFigure();
      this.checkExpected(this.header);
    }
    const { faults, doubts, remarks, events } = this;
    const scope = this.header?.scope ?? null;
    const verdict = faults.length > 0 ? 'tampered' : doubts.length > 0 ? 'cannot tell' : 'good';
    return {
      verdict,
      faults,
      doubts,
      remarks,
      limits: scope ? limitsOf(scope) : [],
      scope,
      figure: this.header?.figure ?? null,
      origin: this.checkpoint?.origin ?? null,
      size: this.checkpoint && Number(this.checkpoint.size),
      root: this.checkpoint && this.checkpoint.root.toString('base64'),
      events,
      erased: this.erased.count,
      signedBy: this.signedBy.map(encodeVerifierKey),
      stamped: this.stamped,
    };
  }

  private checkHead({ origin, size }: BundleHeader, checkpoint: Checkpoint): void {
    if (origin !== checkpoint.origin || BigInt(size) !== checkpoint.size) {
      this.fault('the header speaks of another checkpoint than the last line');
    }
    if (BigInt(this.tree.size) !== checkpoint.size) {
      this.fault(
        `it has ${this.tree.size} leaves, and the checkpoint ${checkpoint.size}`,
        Math.min(this.tree.size, Number(checkpoint.size)),
      );
    } else if (!this.tree.root().equals(checkpoint.root)) {
      const roots = `${this.tree.root().toString('base64')}, and the checkpoint has ${checkpoint.root.toString('base64')}`;
      this.fault(`its ${this.tree.size} leaves lead to the root ${roots}`);
    }
  }

  private checkFigure(): void {
    if (!this.figure) return;
    let fault: string | null;
    this.figure.doubtUnexplained(this.erased.unexplainedSequences);
    try {
      fault = this.figure.fault();
    } catch (error) {
      // A content that no ledger takes, such as a quantity that is no whole number.
      fault = `the figure cannot be made of its events: ${(error as Error).message}`;
    }
    if (fault !== null) this.fault(fault);
    this.doubts.push(...this.figure.doubts.slice(0, FINDINGS_MAX));
    for (const measure of this.figure.breaks) {
      const what = `the figure adds up over a break: the definition of ${measure} changed, so that before and after cannot be compared`;
      this.remarks.push({ what });
    }
  }

  private checkExpected({ scope }: BundleHeader): void {
    const { expect } = this.options;
    if (expect === undefined || expect === scope.kind || expect === scopeText(scope)) return;
    this.doubts.push(`it is of ${scopeText(scope)}, not of ${expect}`);
  }

  private checkSince(checkpoint: Checkpoint): void {
    if (!this.since) return;
    const { origin, size } = this.since;
    if (origin !== checkpoint.origin)
      this.fault(`the earlier checkpoint is of ${origin}, this one of ${checkpoint.origin}`);
    else if (size > checkpoint.size) {
      this.fault(
        `the log has ${checkpoint.size} events, but had ${size} at the earlier checkpoint: events are gone`,
        Number(checkpoint.size),
      );
    } else if (!this.sinceMet) {
      this.doubts.push(
        `it is not cut at the ${size} events of the earlier checkpoint: ask for it with since=${size}`,
      );
    } else if (!this.isSinceDated && checkpoint.size > size) {
      this.doubts.push(
        `whether events are back-dated: say with --since-time when you got the earlier checkpoint, or take everything`,
      );
    }
  }

  /** Signed by whom? By those whom the policy names, or else by whoever signed the checkpoint that was kept. */
  private checkSignatures(header: BundleHeader, checkpoint: Checkpoint): void {
    const policy = this.options.policy ?? policyOf(header.keys.map(parseVerifierKey));
    // Keys that the bundle brings along are worth what they signed before: another one in their midst is not.
    const logs = policy.logs.filter((key) => signsLogs(key, checkpoint.origin));
    const sinceBy = this.since ? this.signaturesOf(this.since, logs) : [];
    const trusted = this.since && !this.options.policy ? sinceBy : logs;
    if (this.since && sinceBy.length === 0) {
      // Its key may have been taken away since, which is nobody's fault.
      this.doubts.push(
        `the earlier checkpoint was signed by ${namesIn(this.since)}, which is no key of this one: give the key it was signed with too`,
      );
      if (!this.options.policy) return;
    }
    this.signedBy = this.signaturesOf(checkpoint, trusted);
    if (this.signedBy.length === 0) {
      return this.fault(
        `the checkpoint is not signed with a key that is trusted, but by ${namesIn(checkpoint)}`,
      );
    }
    if (!this.options.policy && !this.since) {
      this.doubts.push(
        `nobody vouches for the key ${header.keys.join(', ')}: give the one you know with --key, or a checkpoint that you kept with --since`,
      );
    }
    const witnesses = [...policy.witnesses];
    const cosigned = this.signaturesOf(
      checkpoint,
      witnesses.map(([, key]) => key),
    );
    const names = witnesses.filter(([, key]) => cosigned.includes(key)).map(([name]) => name);
    this.signedBy = [...this.signedBy, ...cosigned];
    if (!policy.enough(new Set(names))) {
      this.doubts.push(
        `of the witnesses that the policy asks for, only these cosigned: ${names.join(', ') || 'none'}`,
      );
    }
  }

  private checkTimestamp({ note }: Checkpoint): void {
    const { authorities } = this.options.policy ?? policyOf([]);
    try {
      this.stamped = stampIn(this.timestamp, note.text, authorities);
    } catch (error) {
      if (error instanceof BadTimeStamp) this.fault(error.message);
      else this.doubts.push((error as Error).message);
    }
  }

  private signaturesOf({ note }: Checkpoint, keys: readonly VerifierKey[]): VerifierKey[] {
    try {
      return verifiedSignatures(note, keys).map(({ key }) => key);
    } catch (error) {
      this.fault((error as Error).message);
      return [];
    }
  }

  private fault(what: string, sequence?: number): void {
    if (this.faults.length < FINDINGS_MAX)
      this.faults.push({ ...(sequence !== undefined && { sequence }), what });
  }

  private remark(what: string, sequence: number): void {
    if (this.remarks.length < FINDINGS_MAX) this.remarks.push({ sequence, what });
  }
}

function namesIn({ note }: Checkpoint): string {
  return note.signatures.map(({ name, id }) => `${name}+${id}`).join(', ');
}
