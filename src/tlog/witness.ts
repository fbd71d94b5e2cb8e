/**
 * A witness (C2SP tlog-witness) remembers the newest checkpoint of each log that it knows, and cosigns the next one
 * when a proof shows that it continues the log. Two organisations that run a witness for each other's ledger cannot be
 * shown two histories.
 *
 * The witness answers one request at a time: between reading its memory and having the new checkpoint on disk nothing
 * else may happen, or it could cosign two sizes out of order.
 */
import { hash } from 'node:crypto';
import { encodeTreeHead, parseCheckpoint, type Checkpoint } from './checkpoint.js';
import { consistencyFault, EMPTY_ROOT, parseHashText, type Hash } from './merkle.js';
import { BadNote, signatureLine, verifiedSignatures, type SignerKey, type VerifierKey } from './note.js';

const HASHES_MAX = 63;
/** Every log continues the one without entries. */
const NOTHING = { size: 0n, root: EMPTY_ROOT };

/** The newest checkpoint that the witness cosigned, for each log by its origin. */
export interface WitnessMemory {
  read(origin: string): string | null;
  keep(origin: string, checkpoint: string): Promise<void>;
}

export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422;
  readonly type: 'text/plain; charset=utf-8' | 'text/x.tlog.size';
  readonly body: string;
}

interface WitnessOptions {
  readonly key: SignerKey;
  readonly logs: readonly VerifierKey[];
  readonly memory: WitnessMemory;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

export class Witness {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: WitnessOptions) {}

  addCheckpoint(body: string): Promise<WitnessAnswer> {
    const answer = this.last.then(() => this.answer(body));
    this.last = answer.catch(() => undefined);
    return answer;
  }

  private async answer(body: string): Promise<WitnessAnswer> {
    let request: Request;
    try {
      request = parseRequest(body);
    } catch (error) {
      return says(400, (error as Error).message);
    }
    const { oldSize, proof, checkpoint, text } = request;
    const keys = this.options.logs.filter(({ name }) => name === checkpoint.origin);
    if (keys.length === 0) return says(404, `this witness does not know the log ${checkpoint.origin}`);
    // A cosignature covers the three lines of a checkpoint: a log with extension lines has another text.
    if (encodeTreeHead(checkpoint) !== checkpoint.note.text)
      return says(400, 'the checkpoint has extension lines, which this witness does not cosign');
    if (!isSigned(checkpoint, keys))
      return says(403, 'the checkpoint has no signature by a key that this witness knows');
    if (oldSize > checkpoint.size) return says(400, 'the old size is larger than the checkpoint’s');
    const known = this.options.memory.read(checkpoint.origin);
    const earlier = known === null ? NOTHING : parseCheckpoint(known);
    if (oldSize !== earlier.size) {
      return { status: 409, type: 'text/x.tlog.size', body: `${earlier.size}\n` };
    }
    if (earlier.size === checkpoint.size && !earlier.root.equals(checkpoint.root)) {
      return says(409, 'this witness knows another root of that size: the log contradicts itself');
    }
    const fault = consistencyFault({
      earlier: earlier.size,
      later: checkpoint.size,
      earlierRoot: earlier.root,
      laterRoot: checkpoint.root,
      proof,
    });
    if (fault !== null) return says(422, fault);
    await this.options.memory.keep(checkpoint.origin, text);
    const { note } = checkpoint;
    return says(200, signatureLine(note.text, this.options.key, Math.floor(this.options.now() / 1_000)));
  }
}

interface Request {
  readonly oldSize: bigint;
  readonly proof: readonly Hash[];
  readonly checkpoint: Checkpoint;
  readonly text: string;
}

/** The body has the line of the old size, the proof, an empty line and a checkpoint. @throws Error */
function parseRequest(body: string): Request {
  const end = body.indexOf('\n\n');
  const [first, ...hashes] = body.slice(0, Math.max(0, end)).split('\n');
  const oldSize = /^old (0|[1-9][0-9]{0,18})$/.exec(first ?? '')?.[1];
  if (oldSize === undefined) throw new BadNote('the first line must be the old size');
  if (hashes.length > HASHES_MAX) throw new BadNote(`a proof has at most ${HASHES_MAX} hashes`);
  const text = body.slice(end + 2);
  return {
    oldSize: BigInt(oldSize),
    proof: hashes.map(parseHashText),
    checkpoint: parseCheckpoint(text),
    text,
  };
}

function isSigned(checkpoint: Checkpoint, keys: readonly VerifierKey[]): boolean {
  try {
    return verifiedSignatures(checkpoint.note, keys).length > 0;
  } catch {
    return false;
  }
}

function says(status: WitnessAnswer['status'], what: string): WitnessAnswer {
  return { status, type: 'text/plain; charset=utf-8', body: what.endsWith('\n') ? what : `${what}\n` };
}

/** A witness serves what it cosigned last of a log at `<this>/checkpoint`. */
export const originHash = (origin: string): string => hash('sha256', origin, 'hex');

export function addCheckpointBody(
  oldSize: number | bigint,
  proof: readonly Hash[],
  checkpoint: string,
): string {
  const hashes = proof.map((hash) => `${hash.toString('base64')}\n`).join('');
  return `old ${oldSize}\n${hashes}\n${checkpoint}`;
}
