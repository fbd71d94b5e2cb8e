/**
 * A policy says whom a checker trusts. Its file is written as the logs of the C2SP ecosystem write theirs:
 *
 *     log <verifier key>
 *     witness <name> <verifier key>
 *     group <name> all|any|<number> <witness or group> …
 *     quorum <witness, group or none>
 *     tsa <name> <SHA-256 of a certificate, hexadecimal>
 *
 * A checkpoint fulfils a policy when a key of the log signed it, and as many witnesses as the quorum asks for.
 * Where the policy names time-stamping authorities (`tsa`, a word of this ledger's own), one of them must have
 * stamped it.
 */
import { isWitnessKey, parseVerifierKey, type VerifierKey } from './note.js';
import { SHA256 } from '../kernel/ids.js';

export interface Policy {
  readonly logs: readonly VerifierKey[];
  readonly witnesses: ReadonlyMap<string, VerifierKey>;
  /**
   * Names of time-stamping authorities by the SHA-256 of a certificate. Where there are any, a checkpoint needs a stamp
   * by one.
   */
  readonly authorities: ReadonlyMap<string, string>;
  readonly enough: (signed: ReadonlySet<string>) => boolean;
}

export function policyOf(logs: readonly VerifierKey[]): Policy {
  return { logs, witnesses: new Map(), authorities: new Map(), enough: () => true };
}

interface Group {
  readonly members: readonly string[];
  readonly threshold: number;
}

export function parsePolicy(text: string): Policy {
  const logs: VerifierKey[] = [];
  const witnesses = new Map<string, VerifierKey>();
  const groups = new Map<string, Group>();
  const authorities = new Map<string, string>();
  const grouped = new Set<string>();
  const keys = new Set<string>();
  let quorum: string | undefined;
  // A key may have one name only: under two names it would count twice.
  const keyOf = (text: string, fault: (what: string) => Error): VerifierKey => {
    const key = parseVerifierKey(text);
    const own = key.publicKey.toString('base64');
    if (keys.has(own)) throw fault('repeats the key of another line');
    keys.add(own);
    return key;
  };
  const known = (name: string) => witnesses.has(name) || groups.has(name);
  /** `none` is the quorum of nobody, in every policy. */
  const isTaken = (name: string) => known(name) || name === 'none';
  for (const [index, line] of text.split('\n').entries()) {
    // Within a word the mark of a remark may be part of an address.
    const [word = '', ...rest] = line
      .replace(/(^|\s)#.*/, '')
      .trim()
      .split(/\s+/);
    const fault = (what: string) => new Error(`the policy’s line ${index + 1} ${what}: ${line.trim()}`);
    const [name = '', second = '', ...more] = rest;
    switch (word) {
      case '':
        break;
      case 'log':
        logs.push(keyOf(name, fault));
        if (isWitnessKey(logs.at(-1)!)) throw fault('names a witness’s key, not a log’s');
        break;
      case 'witness':
        if (isTaken(name)) throw fault('gives a name that is taken');
        witnesses.set(name, keyOf(second, fault));
        if (!isWitnessKey(witnesses.get(name)!)) throw fault('names a log’s key, not a witness’s');
        break;
      case 'group': {
        if (isTaken(name) || more.length === 0 || !more.every(known))
          throw fault('is not a group of witnesses and groups that lines above name');
        // A member may be counted in one group only: in a group within the group it would count twice.
        for (const member of more) {
          if (grouped.has(member) || more.indexOf(member) !== more.lastIndexOf(member))
            throw fault(`counts ${member}, which a group counts already`);
          grouped.add(member);
        }
        const threshold = second === 'all' ? more.length : second === 'any' ? 1 : Number(second);
        if (!/^(all|any|[1-9]\d*)$/.test(second) || threshold > more.length)
          throw fault('must ask for all, any, or a number from 1 to that of its members');
        groups.set(name, { members: more, threshold });
        break;
      }
      case 'tsa': {
        const fingerprint = second.replaceAll(':', '').toLowerCase();
        if (!SHA256.test(fingerprint)) throw fault('has no SHA-256 of a certificate');
        authorities.set(fingerprint, name);
        break;
      }
      case 'quorum':
        if (quorum !== undefined || second !== '' || (name !== 'none' && !known(name)))
          throw fault('is not the only quorum, or not of a witness or group that lines above name');
        quorum = name;
        break;
      default:
        throw fault('begins with none of log, witness, group, quorum, tsa');
    }
  }
  if (logs.length === 0) throw new Error('the policy names no log');
  if (witnesses.size > 0 && quorum === undefined)
    throw new Error(
      'the policy names witnesses, but no quorum of them: say quorum none if nobody need cosign',
    );
  const holds = (name: string, signed: ReadonlySet<string>): boolean => {
    const group = groups.get(name);
    if (!group) return signed.has(name);
    return group.members.filter((member) => holds(member, signed)).length >= group.threshold;
  };
  const needed = quorum ?? 'none';
  return { logs, witnesses, authorities, enough: (signed) => needed === 'none' || holds(needed, signed) };
}
