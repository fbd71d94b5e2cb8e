/**
 * A witness (C2SP tlog-witness): remembers the newest checkpoint of each log that it knows, and cosigns the next one
 * when it is proven to be its continuation. Two organisations that run one for each other's ledger cannot be shown
 * two histories.
 *
 * Requests are taken one at a time: between the look at what is remembered and the new memory on disk nothing else
 * may happen, or two sizes could be cosigned out of order.
 */
import { encodeTreeHead, parseCheckpoint, type Checkpoint } from './checkpoint.js';
import { consistencyFault, parseHashText, type Hash } from './merkle.js';
import { BadNote, signatureLine, verifiedSignatures, type SignerKey, type VerifierKey } from './note.js';

const HASHES_MAX = 63;

/** What is remembered of the logs: the text of the newest checkpoint that was cosigned, by the origin. */
export interface WitnessMemory {
  read(origin: string): string | null;
  /** Resolves when it is on disk. */
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

  /** The answer to the body of an `add-checkpoint` request. */
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
    if (keys.length === 0) return says(404, `no log of the name ${checkpoint.origin} is known here`);
    if (!isSigned(checkpoint, keys)) return says(403, 'no signature is by a key that is known here');
    if (oldSize > checkpoint.size) return says(400, 'the old size is larger than the checkpoint’s');
    const known = this.options.memory.read(checkpoint.origin);
    const earlier = known === null ? null : parseCheckpoint(known);
    if (oldSize !== (earlier?.size ?? 0n)) {
      return { status: 409, type: 'text/x.tlog.size', body: `${earlier?.size ?? 0n}\n` };
    }
    if (earlier && earlier.size === checkpoint.size && !earlier.root.equals(checkpoint.root)) {
      return says(409, 'another root of that size was cosigned: the log contradicts itself');
    }
    const fault = earlier
      ? consistencyFault({
          earlier: earlier.size,
          later: checkpoint.size,
          earlierRoot: earlier.root,
          laterRoot: checkpoint.root,
          proof,
        })
      : proof.length > 0
        ? 'the proof of a first checkpoint is empty'
        : null;
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

/** An old size line, the proof, an empty line, a checkpoint. @throws Error */
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
    // What is cosigned are the three lines: a log with extension lines has another text.
    return (
      verifiedSignatures(checkpoint.note, keys).length > 0 &&
      encodeTreeHead(checkpoint) === checkpoint.note.text
    );
  } catch {
    return false;
  }
}

function says(status: WitnessAnswer['status'], what: string): WitnessAnswer {
  return { status, type: 'text/plain; charset=utf-8', body: what.endsWith('\n') ? what : `${what}\n` };
}

/** The body of the request, as a log sends it. */
export function addCheckpointBody(
  oldSize: number | bigint,
  proof: readonly Hash[],
  checkpoint: string,
): string {
  const hashes = proof.map((hash) => `${hash.toString('base64')}\n`).join('');
  return `old ${oldSize}\n${hashes}\n${checkpoint}`;
}
