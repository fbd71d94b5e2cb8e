/**
 * A proof (C2SP tlog-proof) shows offline that an entry is in the log: it has the entry's index, the inclusion proof,
 * and the checkpoint that the proof leads to.
 */
import { parseCheckpoint, type Checkpoint } from './checkpoint.js';
import { parseHashText, type Hash } from './merkle.js';

export const PROOF_FIRST_LINE = 'c2sp.org/tlog-proof@v1';
/** An inclusion proof in a tree of 2^63 leaves has no more hashes. */
const HASHES_MAX = 63;

export interface LogProof {
  readonly index: bigint;
  readonly hashes: readonly Hash[];
  readonly checkpoint: Checkpoint;
}

export function encodeProof(index: number, hashes: readonly Hash[], checkpoint: string): string {
  const lines = [PROOF_FIRST_LINE, `index ${index}`, ...hashes.map((hash) => hash.toString('base64'))];
  return `${lines.join('\n')}\n\n${checkpoint}`;
}

/** Ignores the line of extra data, which nothing vouches for. @throws TypeError, BadNote */
export function parseProof(text: string): LogProof {
  const end = text.indexOf('\n\n');
  const [first, ...lines] = text.slice(0, Math.max(0, end)).split('\n');
  if (first !== PROOF_FIRST_LINE)
    throw new TypeError(`not a proof: the first line must be ${PROOF_FIRST_LINE}`);
  if (lines[0]?.startsWith('extra ')) lines.shift();
  const index = /^index (0|[1-9][0-9]{0,18})$/.exec(lines.shift() ?? '')?.[1];
  if (index === undefined) throw new TypeError('not a proof: it has no index');
  if (lines.length > HASHES_MAX) throw new TypeError(`not a proof: it has over ${HASHES_MAX} hashes`);
  const hashes = lines.map(parseHashText);
  return { index: BigInt(index), hashes, checkpoint: parseCheckpoint(text.slice(end + 2)) };
}
