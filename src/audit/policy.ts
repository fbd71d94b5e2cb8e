/**
 * Whom a checker trusts: a policy file, as the logs of the C2SP ecosystem write it.
 *
 *     log <verifier key>
 *     witness <name> <verifier key>
 *     group <name> all|any|<number> <witness or group> …
 *     quorum <witness, group or none>
 *
 * A checkpoint fulfils it when a log's key signed it, and of the witnesses as many as the quorum asks for.
 */
import { parseVerifierKey, type VerifierKey } from './note.js';

export interface Policy {
  readonly logs: readonly VerifierKey[];
  readonly witnesses: ReadonlyMap<string, VerifierKey>;
  /** Whether these witnesses are enough. */
  readonly enough: (signed: ReadonlySet<string>) => boolean;
}

/** Trusts log keys alone. */
export function policyOf(logs: readonly VerifierKey[]): Policy {
  return { logs, witnesses: new Map(), enough: () => true };
}

interface Group {
  readonly members: readonly string[];
  readonly threshold: number;
}

/** @throws Error that names the line */
export function parsePolicy(text: string): Policy {
  const logs: VerifierKey[] = [];
  const witnesses = new Map<string, VerifierKey>();
  const groups = new Map<string, Group>();
  let quorum: string | undefined;
  const known = (name: string) => witnesses.has(name) || groups.has(name);
  for (const [index, line] of text.split('\n').entries()) {
    const [word, ...rest] = line.replace(/#.*/, '').trim().split(/\s+/);
    const fault = (what: string) => new Error(`the policy’s line ${index + 1} ${what}: ${line.trim()}`);
    const [name = '', second = '', ...more] = rest;
    switch (word) {
      case '':
        break;
      case 'log':
        logs.push(parseVerifierKey(name));
        break;
      case 'witness':
        if (known(name)) throw fault('names what is named before');
        witnesses.set(name, parseVerifierKey(second));
        break;
      case 'group': {
        if (known(name) || more.length === 0 || !more.every(known))
          throw fault('is not a group of what is named above it');
        const threshold = second === 'all' ? more.length : second === 'any' ? 1 : Number(second);
        if (!Number.isInteger(threshold) || threshold < 1 || threshold > more.length)
          throw fault('asks for an impossible number');
        groups.set(name, { members: more, threshold });
        break;
      }
      case 'quorum':
        if (quorum !== undefined || (name !== 'none' && !known(name)))
          throw fault('is not one quorum of what is named above it');
        quorum = name;
        break;
      default:
        throw fault('begins with none of log, witness, group, quorum');
    }
  }
  if (logs.length === 0) throw new Error('the policy names no log');
  const holds = (name: string, signed: ReadonlySet<string>): boolean => {
    const group = groups.get(name);
    if (!group) return signed.has(name);
    return group.members.filter((member) => holds(member, signed)).length >= group.threshold;
  };
  const needed = quorum ?? 'none';
  return { logs, witnesses, enough: (signed) => needed === 'none' || holds(needed, signed) };
}
