/**
 * Signs the log: a checkpoint at a set interval, and whenever a caller asks for one that covers more entries.
 *
 * A log must never contradict what it signed before. So the last signed head is kept outside of the databases,
 * and is on disk before anyone sees it. Nothing is signed, nor served after a start, while the log is shorter
 * than that head or has another beginning.
 */
import { Injectable, Logger, type BeforeApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Config, Misconfigured } from '../config.js';
import { assert } from '../kernel/assert.js';
import { ReadModels } from '../read-models/read-models.js';
import { StoreDamaged } from '../store/event-store.js';
import { Cosigners } from './cosigners.js';
import { encodeTreeHead, parseCheckpoint, type Checkpoint } from '../tlog/checkpoint.js';
import { TransparencyLog } from './log.js';
import { encodeVerifierKey, signNote, verifiedSignatures, type SignerKey } from '../tlog/note.js';
import { SigningFiles } from './signing-files.js';
import { TimeStamper } from './time-stamper.js';
import { verifyTimeStamp } from '../tlog/timestamp.js';

/**
 * The log does not continue the last signed head: events were removed, replaced, or restored from an old copy.
 */
export class LogContradicted extends StoreDamaged {
  override readonly name = 'LogContradicted';

  constructor(
    readonly found: string,
    wayOut: string,
  ) {
    super(`${found}: ${wayOut}`);
  }
}

export interface SignedHead {
  readonly text: string;
  /** A time stamp (RFC 3161), base64; null where no authority gave one. */
  readonly timestamp: string | null;
  readonly size: number;
}

@Injectable()
export class LogSigner implements OnModuleInit, BeforeApplicationShutdown {
  private readonly logger = new Logger('LogSigner');
  private readonly files: SigningFiles;
  private keys!: readonly SignerKey[];
  private cosigners!: Cosigners;
  private readonly timeStamper: TimeStamper;
  private latest: (SignedHead & { readonly checkpoint: Checkpoint }) | null = null;
  private signedAtMs = Date.now();
  private last: Promise<unknown> = Promise.resolve();
  private next: Promise<void> | null = null;
  private timer: NodeJS.Timeout | undefined;
  private release: (() => void) | undefined;
  /** True while the last head lacks the signature of a key that was added. */
  private isKeyMissing = false;

  constructor(
    private readonly config: Config,
    private readonly readModels: ReadModels,
    private readonly log: TransparencyLog,
  ) {
    this.files = new SigningFiles(config.signingDir);
    this.timeStamper = new TimeStamper(config.timestamps);
  }

  /** @throws Misconfigured, or Error for keys that cannot be used: the application then closes what it has opened */
  onModuleInit(): void {
    const { config } = this;
    // Each replica would make up a name of its own, and auditors would take them for different logs.
    if (config.eventStore && config.origin === undefined && this.files.verifierKeys().length === 0) {
      throw new Misconfigured([
        'LEDGER_ORIGIN must be set where EVENT_STORE_URL is, the same for every replica',
      ]);
    }
    this.keys = this.files.keys(config.origin);
    this.cosigners = Cosigners.from(config.witnesses);
  }

  get origin(): string {
    return this.keys[0]!.verifier.name;
  }

  /** The key of every signer; checkpoints are known by the name of the first. */
  get verifierKeys(): readonly string[] {
    return this.keys.map(({ verifier }) => encodeVerifierKey(verifier));
  }

  /** The size of the newest checkpoint: the tree within it never changes. */
  get signedSize(): number {
    return this.latest?.size ?? 0;
  }

  /** The time since the newest checkpoint was signed, or since the start where none was. */
  get signedAgoMs(): number {
    return Math.max(0, Date.now() - this.signedAtMs);
  }

  /**
   * Starts signing, once the projection is level and before anything is served.
   * @throws LogContradicted; DataDirInUse where another process signs in the same directory
   */
  start(): void {
    this.release = this.files.hold();
    this.latest = this.readHead();
    this.signedAtMs = this.files.headWrittenAtMs() ?? Date.now();
    // A projection that stopped early says nothing about the events that it did not reach.
    const isLive = this.readModels.state.status === 'live';
    if (isLive || (this.latest && this.log.size >= this.latest.size)) this.refuseIfContradicted();
    const signatures = this.latest?.checkpoint.note.signatures ?? [];
    const hasSigned = ({ verifier: { id, name } }: SignerKey) =>
      signatures.some((signature) => signature.id === id && signature.name === name);
    this.isKeyMissing = this.latest !== null && !this.keys.every(hasSigned);
    if (this.isKeyMissing) void this.signDue();
    this.timer = setInterval(() => void this.signDue(), this.config.checkpointSeconds * 1_000).unref();
  }

  /** Signs what is new, called by the timer. */
  async signDue(): Promise<void> {
    try {
      await this.covering(this.log.size);
    } catch (error) {
      this.logger.error((error as Error).message);
    }
  }

  /** The newest signed checkpoint; the first one is signed when it is asked for. */
  current(): Promise<SignedHead> {
    return this.latest && !this.isKeyMissing ? Promise.resolve(this.latest) : this.covering(0);
  }

  /** A checkpoint of at least `size` entries, all of which are projected. */
  async covering(size: number): Promise<SignedHead> {
    assert(size <= this.log.size, `all of the ${size} entries are projected`);
    while (!this.latest || this.latest.size < size || this.isKeyMissing) await this.signNext();
    return this.latest;
  }

  /**
   * Signs one checkpoint at a time. Callers who come meanwhile all share the next one. A ledger that contradicts its
   * checkpoint, or itself, stops taking events, and is not ready.
   */
  private signNext(): Promise<void> {
    this.next ??= this.last
      .catch(() => undefined)
      .then(() => {
        this.next = null;
        return this.sign();
      })
      .catch((error: unknown) => {
        if (error instanceof StoreDamaged)
          this.readModels.distrust(error instanceof LogContradicted ? error.found : error.message);
        throw error;
      });
    return (this.last = this.next);
  }

  private async sign(): Promise<void> {
    this.readModels.refuseIfStopped();
    this.refuseIfContradicted();
    const size = this.log.size;
    const head = { origin: this.origin, size: BigInt(size), root: this.log.rootAt(size) };
    const signed = signNote(encodeTreeHead(head), this.keys);
    // The head is on disk before a witness sees it.
    await this.files.keepHead(signed);
    const [{ lines: cosignatures, lasts }, timestamp] = await Promise.all([
      this.cosigners.cosign(signed, (earlier) => this.log.consistency(earlier, size)),
      this.timeStamper.stamp(signed),
    ]);
    for (const last of lasts) await this.refuseIfForked(last, size);
    const text = signed + cosignatures;
    const checkpoint = parseCheckpoint(text);
    if (cosignatures !== '') await this.files.keepHead(text);
    if (timestamp !== null) await this.files.keepTimestamp(timestamp);
    this.latest = { text, size, timestamp, checkpoint };
    this.signedAtMs = Date.now();
    this.isKeyMissing = false;
  }

  /** A checkpoint that a witness shows proves a fork only where this log signed it. Replicas share a log, and one may lag behind. */
  private async refuseIfForked(last: string, size: number): Promise<void> {
    let other: Checkpoint;
    try {
      other = parseCheckpoint(last);
      const own = this.keys.map(({ verifier }) => verifier);
      if (other.origin !== this.origin || verifiedSignatures(other.note, own).length === 0) return;
    } catch {
      return;
    }
    const isLater = Number(other.size) > size;
    if (isLater ? this.config.eventStore : this.log.rootAt(Number(other.size)).equals(other.root)) return;
    await this.files.keepFork(last);
    throw new LogContradicted(
      `a witness has a checkpoint of ${other.size} events that this log signed and does not continue`,
      `it is kept in ${this.files.forkFile}. Restore the newest copy of the data and of LEDGER_SIGNING_DIR`,
    );
  }

  private readHead() {
    const text = this.files.head();
    if (text === null) return null;
    const checkpoint = this.parseHead(text);
    const verifiers = this.keys.map(({ verifier }) => verifier);
    if (verifiedSignatures(checkpoint.note, verifiers).length === 0 || checkpoint.origin !== this.origin) {
      throw new LogContradicted(
        `${this.files.headFile} was not signed with a key of ${this.files.keyFile}`,
        'restore the key, or add it there',
      );
    }
    return { text, size: Number(checkpoint.size), timestamp: this.readTimestamp(checkpoint), checkpoint };
  }

  private parseHead(text: string): Checkpoint {
    try {
      return parseCheckpoint(text);
    } catch (error) {
      const found = `${this.files.headFile} is no checkpoint: ${(error as Error).message}`;
      throw new LogContradicted(found, 'put the last checkpoint that was signed there');
    }
  }

  /** A time stamp of an earlier head is left out: it does not stamp this one. */
  private readTimestamp({ note }: Checkpoint): string | null {
    const token = this.files.timestamp();
    try {
      if (token !== null) verifyTimeStamp(Buffer.from(token, 'base64'), note.text);
      return token;
    } catch {
      return null;
    }
  }

  private refuseIfContradicted(): void {
    if (!this.latest) return;
    const { size, checkpoint } = this.latest;
    const { size: now } = this.log;
    const says = `a checkpoint of ${size} events was signed`;
    const wayOut = `ledger verify --live says what differs. Restore the store; if that loss was meant, remove ${this.files.headFile}, and tell whoever holds a checkpoint`;
    if (now < size) throw new LogContradicted(`${says}, but there are ${now}`, wayOut);
    const root = this.log.rootAt(size);
    if (root.equals(checkpoint.root)) return;
    const roots = `${checkpoint.root.toString('base64')}, but now it is ${root.toString('base64')}`;
    throw new LogContradicted(`${says} with the root ${roots}`, wayOut);
  }

  beforeApplicationShutdown(): void {
    clearInterval(this.timer);
    this.release?.();
  }
}
