/**
 * The checker of single proofs: that an event is in the log (a C2SP tlog-proof, or JSON in Sigstore's field names), and
 * that the log only grew between two sizes.
 *
 * A proof leads to a root, a checkpoint vouches for the root, and a key that the reader trusts vouches for the
 * checkpoint. Where one of these is missing, the verdict stays open.
 */
import { areWordsGone, partTexts, sealFault } from '../kernel/event-data.js';
import { loggedEventOf, sealsOfBundled } from './bundle-format.js';
import { parseEvent } from './bundle-line.js';
import { parseCheckpoint, type Checkpoint } from '../tlog/checkpoint.js';
import { entryOf } from '../tlog/entry.js';
import { consistencyFault, inclusionFault, leafHash, parseHashText } from '../tlog/merkle.js';
import { encodeVerifierKey, type VerifierKey } from '../tlog/note.js';
import type { Policy } from '../tlog/policy.js';
import { parseProof, PROOF_FIRST_LINE, type LogProof } from '../tlog/proof.js';
import { signersOfEarlier, trustedSigners } from './signature-check.js';
import { Findings, type Verdict } from './verdict.js';

export interface ProofOptions {
  readonly policy?: Policy | undefined;
  /** The event that the proof should be of, as the ledger gives it, or its entry in the log. */
  readonly event?: string | undefined;
  /**
   * Texts of checkpoints: `checkpoint` is for a proof that brings none; `since` is the earlier one of a consistency
   * proof.
   */
  readonly checkpoint?: string | undefined;
  readonly since?: string | undefined;
}

export type ProofVerdict = Pick<
  Verdict,
  'verdict' | 'faults' | 'doubts' | 'origin' | 'size' | 'root' | 'events' | 'signedBy'
>;

export function isProof(beginning: string): boolean {
  return (
    beginning.startsWith(PROOF_FIRST_LINE) ||
    /^\s*\{\s*"(logIndex|from|canonicalizedBody|inclusionProof)"/.test(beginning)
  );
}

const CHECKPOINT = /^[^\n]+\n\d+\n[A-Za-z0-9+/]{43}=\n/;

export function isCheckpoint(beginning: string): boolean {
  return CHECKPOINT.test(beginning);
}

export function checkProof(text: string, options: ProofOptions): ProofVerdict {
  if (isCheckpoint(text)) return checkCheckpoints(parseCheckpoint(text), options);
  if (text.startsWith(PROOF_FIRST_LINE)) {
    const { index, hashes, checkpoint } = parseProof(text);
    return checkInclusion(
      { index, hashes, size: checkpoint.size, root: checkpoint.root, checkpoint },
      options,
    );
  }
  const proof = JSON.parse(text) as EntryJson | ConsistencyJson;
  return 'from' in proof ? checkConsistency(proof, options) : checkEntry(proof, options);
}

interface EntryJson {
  readonly canonicalizedBody: string;
  readonly inclusionProof: {
    readonly logIndex: string;
    readonly treeSize: string;
    readonly rootHash: string;
    readonly hashes: readonly string[];
    readonly checkpoint?: { readonly envelope: string };
  };
}

interface ConsistencyJson {
  readonly from: number;
  readonly to: number;
  readonly fromRootHash: string;
  readonly rootHash: string;
  readonly hashes: readonly string[];
}

interface InclusionClaim extends Pick<LogProof, 'index' | 'hashes'> {
  readonly size: bigint;
  readonly root: Checkpoint['root'];
  readonly checkpoint: Checkpoint | null;
  readonly entry?: string;
}

function checkEntry({ canonicalizedBody, inclusionProof: proof }: EntryJson, options: ProofOptions) {
  const own = proof.checkpoint?.envelope ?? options.checkpoint;
  return checkInclusion(
    {
      index: BigInt(proof.logIndex),
      hashes: proof.hashes.map(parseHashText),
      size: BigInt(proof.treeSize),
      root: parseHashText(proof.rootHash),
      checkpoint: own === undefined ? null : parseCheckpoint(own),
      entry: Buffer.from(canonicalizedBody, 'base64').toString('utf8'),
    },
    options,
  );
}

function checkInclusion(inclusion: InclusionClaim, options: ProofOptions): ProofVerdict {
  const { index, hashes, size, root, checkpoint, entry } = inclusion;
  const findings = new Findings(Number(index));
  const told = options.event === undefined ? entry : entryTold(options.event, index, findings);
  if (told === undefined) {
    findings.doubt('the proof does not say of which event it is: name a file with the event by --event');
  } else {
    const fault = inclusionFault({ index, size, leaf: leafHash(told), proof: hashes, root });
    if (fault !== null) findings.fault(fault);
    if (entry !== undefined && entry !== told)
      findings.fault('the proof is of another event than the one given');
  }
  return verdictOf({ size, root }, checkpoint, { options, findings, events: 1 });
}

const STRING_OR_SPACE = /("(?:[^"\\]|\\.)*")|\s+/g;

/**
 * Finds the entry of an event. An event that is told whole must be the one at the place that is proven, with the facts
 * and the words that were sealed.
 * @throws Error in words where it is no event as the ledger tells one, such as one without a salt
 */
function entryTold(text: string, index: bigint, findings: Findings): string {
  const told: unknown = JSON.parse(text);
  // Others would read a member that stands twice otherwise. White space between members says nothing.
  if (text.replace(STRING_OR_SPACE, '$1') !== JSON.stringify(told))
    throw new Error('the event is not JSON as the ledger writes it');
  if (typeof told !== 'object' || told === null || !('dataschema' in told)) return text.trim();
  const event = parseEvent(told);
  const seals = sealsOfBundled(event);
  const altered = sealFault(partTexts(event.data), seals);
  if (altered !== null) findings.fault(`the content of the event ${event.id} was altered: ${altered}`);
  if (BigInt(event.ledgersequence) !== index) {
    findings.fault(`the event has the sequence ${event.ledgersequence}, and the proof is of ${index}`);
  }
  if (areWordsGone(seals)) findings.doubt('the words of the event are gone, and the erasure is not shown');
  return entryOf(loggedEventOf(event));
}

function checkConsistency(proof: ConsistencyJson, options: ProofOptions): ProofVerdict {
  const [earlierRoot, laterRoot] = [parseHashText(proof.fromRootHash), parseHashText(proof.rootHash)];
  const [earlier, later] = [BigInt(proof.from), BigInt(proof.to)];
  const findings = new Findings();
  const hashes = proof.hashes.map(parseHashText);
  const fault = consistencyFault({ earlier, later, earlierRoot, laterRoot, proof: hashes });
  if (fault !== null) findings.fault(fault);
  const [since, until] = [options.since, options.checkpoint].map((text) =>
    text === undefined ? null : parseCheckpoint(text),
  );
  if (since) {
    checkPair('earlier checkpoint', since, { size: earlier, root: earlierRoot }, findings);
    if (until && until.origin !== since.origin)
      findings.doubt(
        `this is a wrong pair: the earlier checkpoint is of ${since.origin}, the later of ${until.origin}`,
      );
    if (options.policy) signersOfEarlier(since, options.policy, findings);
  } else
    findings.doubt('nobody vouches for the earlier root: give the checkpoint that you kept with --since');
  return verdictOf({ size: later, root: laterRoot }, until ?? null, { options, findings, events: 0 });
}

/** Compares two checkpoints: two roots of one size, both signed by the log, prove a fork by themselves. */
function checkCheckpoints(one: Checkpoint, { policy, since }: ProofOptions): ProofVerdict {
  const findings = new Findings();
  const other = parseCheckpoint(since ?? '');
  const [first, last] = one.size < other.size ? [one, other] : [other, one];
  const signedBy = policy ? [first, last].map((each) => signersOfEarlier(each, policy, findings)) : [];
  if (!policy)
    findings.doubt('nobody vouches for the keys that signed them: give the one you know with --key');
  if (one.origin !== other.origin)
    findings.doubt(`this is a wrong pair: one is of ${one.origin}, the other of ${other.origin}`);
  else if (first.size !== last.size) {
    findings.doubt(
      `one is of ${first.size} events, the other of ${last.size}: ask the ledger for the proof that the log only grew, ` +
        `/v1/audit/consistency?from=${first.size}&to=${last.size}, and check that`,
    );
  } else if (!first.root.equals(last.root) && policy && signedBy.every((keys) => keys.length > 0)) {
    findings.fault(
      `FORK: the log signed two roots of ${first.size} events, so that two readers were shown two histories. Keep both files`,
    );
  }
  return verdictIn(findings, last, { events: 0, signedBy: signedBy.at(-1) ?? [] });
}

/** Two files of one log that are of other sizes do not belong together, which says nothing against either. */
function checkPair(
  what: string,
  { size, root }: Checkpoint,
  proven: Pick<Checkpoint, 'size' | 'root'>,
  findings: Findings,
): void {
  if (size !== proven.size)
    findings.doubt(`this is a wrong pair: the ${what} is of ${size} events, and the proof of ${proven.size}`);
  else if (!root.equals(proven.root))
    findings.fault(`the ${what} has another root of ${size} events than the proof leads to`);
}

interface Checked {
  readonly options: ProofOptions;
  readonly findings: Findings;
  readonly events: 0 | 1;
}

function verdictOf(
  { size, root }: Pick<Checkpoint, 'size' | 'root'>,
  checkpoint: Checkpoint | null,
  { options, findings, events }: Checked,
): ProofVerdict {
  if (checkpoint) checkPair('checkpoint', checkpoint, { size, root }, findings);
  const signedBy = signersFor(checkpoint, options.policy, findings);
  return verdictIn(findings, { origin: checkpoint?.origin ?? null, size, root }, { events, signedBy });
}

function verdictIn(
  { verdict, faults, doubts }: Findings,
  { origin, size, root }: Pick<Checkpoint, 'size' | 'root'> & { readonly origin: string | null },
  { events, signedBy }: { readonly events: 0 | 1; readonly signedBy: readonly VerifierKey[] },
): ProofVerdict {
  const head = { origin, size: Number(size), root: root.toString('base64') };
  return { verdict, faults, doubts, ...head, events, signedBy: signedBy.map(encodeVerifierKey) };
}

function signersFor(
  checkpoint: Checkpoint | null,
  policy: Policy | undefined,
  findings: Findings,
): readonly VerifierKey[] {
  if (!checkpoint) {
    findings.doubt(
      'nobody vouches for the root that the proof leads to: give a checkpoint of that root with --checkpoint',
    );
    return [];
  }
  if (!policy) {
    findings.doubt('nobody vouches for the key that signed the checkpoint: give the one you know with --key');
    return [];
  }
  if (policy.authorities.size > 0)
    findings.doubt('a single proof has no time stamp, which the policy asks for');
  return trustedSigners(checkpoint, policy, findings);
}
