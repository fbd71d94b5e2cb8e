/**
 * Checks who vouches for a checkpoint: the keys that the policy names, or, without a policy, those that signed the
 * earlier checkpoint. A key that a bundle brings along vouches for nothing by itself.
 */
import type { BundleHeader } from './bundle-format.js';
import type { Checkpoint } from '../tlog/checkpoint.js';
import { parseVerifierKey, signsLogs, verifiedSignatures, type VerifierKey } from '../tlog/note.js';
import { policyOf, type Policy } from '../tlog/policy.js';
import { BadTimeStamp, stampIn, type Stamped } from '../tlog/timestamp.js';
import type { Findings } from './verdict.js';

export interface Signed {
  readonly header: BundleHeader;
  readonly checkpoint: Checkpoint;
  readonly policy: Policy | undefined;
  readonly since: Checkpoint | undefined;
}

export function checkSignatures(
  { header, checkpoint, policy: given, since }: Signed,
  findings: Findings,
): readonly VerifierKey[] {
  const policy = given ?? policyOf(header.keys.map(parseVerifierKey));
  // The bundle's keys count only by what they signed before: a key that signed nothing before could be anyone's.
  const sinceBy = since ? signersOfEarlier(since, policy, findings) : [];
  if (since && sinceBy.length === 0 && !given) return [];
  const signedBy = trustedSigners(
    checkpoint,
    since && !given ? { ...policy, logs: sinceBy } : policy,
    findings,
  );
  if (signedBy.length > 0 && !given && !since) {
    findings.doubt(
      `nobody vouches for the key ${header.keys.join(', ')}: give the one you know with --key, or a checkpoint that you kept with --since`,
    );
  }
  return signedBy;
}

/** An earlier checkpoint without a known key is a doubt and no fault: its key may have been removed since. */
export function signersOfEarlier(since: Checkpoint, { logs }: Policy, findings: Findings): VerifierKey[] {
  const own = logs.filter((key) => signsLogs(key, since.origin));
  const signed = signersOf(since, own, findings);
  if (signed.length === 0)
    findings.doubt(
      `the earlier checkpoint was signed by ${namesIn(since)}, which is no key of this log now: give that key too`,
    );
  return signed;
}

/** The keys of the policy that signed: those of the log, without one of which no other counts, and of witnesses. */
export function trustedSigners(
  checkpoint: Checkpoint,
  policy: Policy,
  findings: Findings,
): readonly VerifierKey[] {
  const logs = policy.logs.filter((key) => signsLogs(key, checkpoint.origin));
  const signed = signersOf(checkpoint, logs, findings);
  if (signed.length === 0) {
    findings.fault(`the checkpoint is not signed with a key that is trusted, but by ${namesIn(checkpoint)}`);
    return [];
  }
  const cosigned = signersOf(checkpoint, [...policy.witnesses.values()], findings);
  const names = [...policy.witnesses].filter(([, key]) => cosigned.includes(key)).map(([name]) => name);
  if (!policy.enough(new Set(names))) {
    findings.doubt(
      `of the witnesses that the policy asks for, only these cosigned: ${names.join(', ') || 'none'}`,
    );
  }
  return [...signed, ...cosigned];
}

export function checkTimestamp(
  { checkpoint: { note }, policy }: Signed,
  timestamp: string | null,
  findings: Findings,
): Stamped | null {
  try {
    return stampIn(timestamp, note.text, (policy ?? policyOf([])).authorities);
  } catch (error) {
    if (error instanceof BadTimeStamp) findings.fault(error.message);
    else findings.doubt((error as Error).message);
    return null;
  }
}

function signersOf({ note }: Checkpoint, keys: readonly VerifierKey[], findings: Findings): VerifierKey[] {
  try {
    return verifiedSignatures(note, keys).map(({ key }) => key);
  } catch (error) {
    findings.fault((error as Error).message);
    return [];
  }
}

function namesIn({ note }: Checkpoint): string {
  return note.signatures.map(({ name, id }) => `${name}+${id}`).join(', ');
}
