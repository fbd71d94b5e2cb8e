/**
 * The checker of bundles takes their lines one by one, trusts none of them, and decides whether the bundle is good,
 * tampered with, or not enough to tell.
 *
 * It rebuilds the tree from the events, and compares the root with the checkpoint, the checkpoint's signatures with the
 * keys that the reader trusts, and the beginning of the tree with an earlier checkpoint that the reader kept. Memory
 * grows with the number of streams, up to 2^24, and for a figure with the number of its outcomes; not with that of
 * events.
 */
import { sealFault } from '../kernel/event-data.js';
import { limitsOf, loggedEventOf, sealsOfBundled } from './bundle-format.js';
import type { BundleEvent, BundleEventLine, BundleHeader, BundleLine } from './bundle-format.js';
import { EventLines } from './event-line.js';
import { parseCheckpoint, type Checkpoint } from '../tlog/checkpoint.js';
import { entryOf } from '../tlog/entry.js';
import { ErasedEvents } from './erased-events.js';
import { LedgerTime, StreamRevisions } from './event-order.js';
import { FigureCheck } from './figure-check.js';
import { Frontier, leafHash, parseHashText, type Hash } from '../tlog/merkle.js';
import { encodeVerifierKey, type VerifierKey } from '../tlog/note.js';
import type { Policy } from '../tlog/policy.js';
import { checkEvent, checkExpected, checkGap } from './scope-check.js';
import { checkSignatures, checkTimestamp } from './signature-check.js';
import { SinceCheck, type SinceOptions } from './since-check.js';
import type { Stamped } from '../tlog/timestamp.js';
import { Findings, FINDINGS_MAX, type Verdict } from './verdict.js';

export interface CheckOptions extends SinceOptions {
  /** The policy says whom to trust; without one, the signers of the earlier checkpoint are trusted. */
  readonly policy?: Policy;
  /** The revisions of at most so many streams are compared: those of more would not fit into memory. */
  readonly streamsMax?: number;
  /** A bundle of another scope, as `scopeText` writes it, does not answer what was asked. */
  readonly expect?: string;
}

export class BundleCheck {
  private readonly findings = new Findings();
  private readonly lines = new EventLines();
  private readonly tree = new Frontier();
  private readonly revisions: StreamRevisions;
  private readonly ledgerTime = new LedgerTime(this.findings);
  private readonly erased = new ErasedEvents();
  private readonly since: SinceCheck | null;
  private header: BundleHeader | null = null;
  private checkpoint: Checkpoint | null = null;
  private timestamp: string | null = null;
  private figure: FigureCheck | null = null;
  private events = 0;
  /** A line is missing or too many. All later lines are then out of place too, which is not reported again. */
  private isOutOfStep = false;

  /** @throws BadNote where the earlier checkpoint is none, or the signature of a trusted witness does not verify */
  constructor(private readonly options: CheckOptions) {
    this.revisions = new StreamRevisions(this.findings, options.streamsMax);
    const { since } = options;
    this.since = since === undefined ? null : new SinceCheck(since, options, this.findings);
    this.meetSince();
  }

  /**
   * @param end the index of the newline that ends the line
   * @param isWhole false where the file ends without that newline
   */
  takeLine(bytes: Buffer, start: number, end: number, isWhole = true): void {
    if (this.checkpoint) return this.findings.fault('something follows the checkpoint');
    try {
      this.take(this.lines.read(bytes.toString('utf8', start, end)));
    } catch (error) {
      if (!isWhole && error instanceof SyntaxError) return;
      // A line may hold anything that no ledger writes: a hash that is none, a member that is missing.
      this.outOfStep(`a line is not of a bundle: ${(error as Error).message}`);
    }
  }

  private take(line: BundleLine): void {
    if ('format' in line) this.takeHeader(line);
    else if (!this.header) this.outOfStep('it does not begin with the header of a bundle');
    else if ('event' in line) this.takeEvent(line);
    else if ('subtree' in line) this.takeSubtree(line.subtree, this.header);
    else {
      this.checkpoint = parseCheckpoint(line.checkpoint);
      this.timestamp = line.timestamp ?? null;
    }
  }

  private takeHeader(header: BundleHeader): void {
    if (this.header) return this.findings.fault('it has two headers');
    this.header = header;
    if (header.figure) this.figure = new FigureCheck(header.figure);
  }

  private takeEvent({ event, leaf: leafText, parts }: BundleEventLine): void {
    if (!this.isInPlace(event)) return;
    const leaf = leafHash(entryOf(loggedEventOf(event)));
    if (leaf.toString('base64') !== leafText) {
      const what = `what is said of the event ${event.id} is not what was logged of it`;
      this.findings.fault(what, this.tree.size);
    }
    const altered = sealFault(parts, sealsOfBundled(event));
    if (altered !== null) {
      this.findings.fault(`the content of the event ${event.id} was altered: ${altered}`, this.tree.size);
    }
    this.takeInPlace(event, leaf, altered === null);
  }

  private isInPlace(event: BundleEvent): boolean {
    const sequence = this.tree.size;
    if (event.ledgersequence === sequence) return true;
    this.outOfStep(
      `the event ${event.id} has the sequence ${event.ledgersequence}, in the place of ${sequence}`,
    );
    return false;
  }

  private outOfStep(what: string): void {
    if (!this.isOutOfStep) this.findings.fault(what, this.header ? this.tree.size : undefined);
    this.isOutOfStep = true;
  }

  private takeInPlace(event: BundleEvent, leaf: Hash, isAsRecorded: boolean): void {
    const sequence = this.tree.size;
    this.events++;
    checkEvent(event, this.header!.scope, this.findings);
    this.revisions.take(event, sequence, this.header!.scope);
    const recordedMs = this.ledgerTime.take(event, sequence, this.events === sequence + 1);
    this.since?.checkDate(event, sequence, recordedMs);
    if (isAsRecorded) {
      this.figure?.take(event);
      this.erased.take(event);
    }
    this.tree.append(leaf);
    this.meetSince();
  }

  private takeSubtree(
    { height, number, hash }: { height: number; number: number; hash: string },
    { scope }: BundleHeader,
  ): void {
    const [first, end] = [number * 2 ** height, (number + 1) * 2 ** height];
    if (this.tree.size !== first) throw new Error('a subtree is out of its place');
    checkGap({ first, end }, scope, this.findings);
    this.tree.append(parseHashText(hash), height);
    this.meetSince();
  }

  private meetSince(): void {
    this.since?.meet(this.tree, this.events === this.tree.size, this.ledgerTime.ms);
  }

  end(): Verdict {
    const { header, checkpoint, findings } = this;
    let signedBy: readonly VerifierKey[] = [];
    let stamped: Stamped | null = null;
    if (header && checkpoint) {
      const signed = { header, checkpoint, policy: this.options.policy, since: this.since?.checkpoint };
      this.checkHead(header, checkpoint);
      this.since?.end(checkpoint);
      signedBy = checkSignatures(signed, findings);
      stamped = checkTimestamp(signed, this.timestamp, findings);
      this.checkErased();
      this.checkFigure();
      checkExpected(header.scope, this.options.expect, findings);
    } else if (findings.faults.length === 0) {
      findings.doubt('it breaks off before its checkpoint, and so was not saved whole: ask for it again');
    }
    const { verdict, faults, doubts, remarks } = findings;
    return {
      verdict,
      faults,
      doubts,
      remarks,
      limits: header ? limitsOf(header.scope) : [],
      scope: header?.scope ?? null,
      figure: header?.figure ?? null,
      origin: checkpoint?.origin ?? null,
      size: checkpoint && Number(checkpoint.size),
      root: checkpoint && checkpoint.root.toString('base64'),
      events: this.events,
      erased: this.erased.count,
      erasures: this.erased.erasures,
      signedBy: signedBy.map(encodeVerifierKey),
      stamped,
    };
  }

  private checkHead({ origin, size }: BundleHeader, checkpoint: Checkpoint): void {
    const { tree, findings } = this;
    if (origin !== checkpoint.origin || BigInt(size) !== checkpoint.size) {
      findings.fault('the header speaks of another checkpoint than the last line');
    }
    if (this.isOutOfStep) return;
    if (BigInt(tree.size) !== checkpoint.size) {
      const what = `it has ${tree.size} leaves, and the checkpoint ${checkpoint.size}`;
      findings.fault(what, Math.min(tree.size, Number(checkpoint.size)));
    } else if (!tree.root().equals(checkpoint.root)) {
      const [made, signed] = [tree.root(), checkpoint.root].map((root) => root.toString('base64'));
      findings.fault(`its ${tree.size} leaves lead to the root ${made}, and the checkpoint has ${signed}`);
    }
  }

  private checkErased(): void {
    const unexplained = this.erased.unexplainedSequences;
    if (unexplained.length === 0) return;
    const some = unexplained.slice(0, FINDINGS_MAX).join(', ');
    this.findings.doubt(
      `the words of the events ${some} are gone, and no erasure that is shown says so: if one was going on, ask for it again`,
    );
  }

  private checkFigure(): void {
    const { figure, findings } = this;
    if (!figure || this.isOutOfStep) return;
    try {
      const fault = figure.fault();
      if (fault !== null) findings.fault(fault);
    } catch (error) {
      // Events may have content that no ledger accepts, such as a quantity that is no whole number.
      findings.fault(`the figure cannot be made of its events: ${(error as Error).message}`);
    }
    for (const doubt of figure.doubts.slice(0, FINDINGS_MAX)) findings.doubt(doubt);
    for (const measure of figure.breaks) {
      findings.remark(
        `the figure adds up over a break: the definition of ${measure} changed, so that before and after cannot be compared`,
      );
    }
  }
}
