/**
 * The address of an EventStoreDB or KurrentDB, as its client takes it:
 * `esdb://[user:password@]host[:port][,host[:port]…][?option=value[&option=value…]]`.
 *
 * The client only warns of an option that it does not know. A ledger must not start while its operator wrongly believes
 * that certificates are not checked, or that a follower is read: so the whole address is checked before there is a
 * client. No message repeats the address, which may hold a password.
 */

export interface EventStoreSettings {
  readonly url: string;
  /** A prefix of every stream's name in the store, so that several ledgers can share one store. */
  readonly namespace?: string | undefined;
}

const ADDRESS = /^esdb(\+discover)?:\/\/(?:([^:@/]+):([^@/]+)@)?([^@/?]+)\/?(?:\?(.*))?$/;
const HOST = /^[\w.-]+(?::(\d{1,5}))?$/;

const isMilliseconds = (value: string) => /^\d{1,9}$/.test(value);
const isTruth = (value: string) => value === 'true' || value === 'false';
const isGiven = (value: string) => isPercentEncoded(value);

interface Option {
  readonly rule: (value: string) => boolean;
  readonly says: string;
}

/** The client takes names of options in any case; these are in lower case. */
const OPTIONS: Readonly<Record<string, Option>> = {
  tls: { rule: isTruth, says: 'must be true or false' },
  tlscafile: { rule: isGiven, says: 'must name a file, percent-encoded as in a URL' },
  usercertfile: { rule: isGiven, says: 'must name a file, percent-encoded as in a URL' },
  userkeyfile: { rule: isGiven, says: 'must name a file, percent-encoded as in a URL' },
  connectionname: { rule: isGiven, says: 'must not be empty, and be percent-encoded as in a URL' },
  maxdiscoverattempts: { rule: isMilliseconds, says: 'must be a number' },
  discoveryinterval: { rule: isMilliseconds, says: 'must be milliseconds' },
  gossiptimeout: { rule: isMilliseconds, says: 'must be seconds' },
  keepaliveinterval: { rule: isMilliseconds, says: 'must be milliseconds' },
  keepalivetimeout: { rule: isMilliseconds, says: 'must be milliseconds' },
  defaultdeadline: {
    rule: (value) => isMilliseconds(value) && Number(value) >= 100,
    says: 'must be milliseconds, at least 100',
  },
  tlsverifycert: {
    rule: (value) => value === 'true',
    says: 'must be true: the client checks certificates whatever is said; name yours with tlsCAFile',
  },
  nodepreference: {
    rule: (value) => value.toLowerCase() === 'leader',
    says: 'must be leader: what was just acknowledged is read again, and only the leader surely has it',
  },
};

export function faultsOfStoreUrl(text: string): string[] {
  if (/^kurrent(db)?(\+discover)?:/.test(text)) {
    return ['must begin with esdb:// or esdb+discover://, which KurrentDB answers to as well'];
  }
  const match = ADDRESS.exec(text);
  if (!match) return ['must be esdb://[user:password@]host[:port][,host[:port]…][?option=value…]'];
  const [, , user, password, hosts, options] = match;
  const faults: string[] = [];
  if ([user, password].some((part) => part !== undefined && !isPercentEncoded(part))) {
    faults.push('has a user or a password that is not percent-encoded as in a URL');
  }
  for (const host of hosts!.split(',')) {
    const port = Number(HOST.exec(host)?.[1] ?? '2113');
    if (!HOST.test(host) || port === 0 || port > 65_535) faults.push('has a host that is not host[:port]');
  }
  for (const option of options === undefined ? [] : options.split('&'))
    faults.push(...faultsOfOption(option));
  return faults;
}

function faultsOfOption(option: string): string[] {
  const [name, value = ''] = option.split('=', 2) as [string, string | undefined];
  const known = OPTIONS[plain(name)];
  if (!known) return [`has the option ${name.slice(0, 32)}, which has no effect here`];
  return known.rule(value) ? [] : [`${name} ${known.says}`];
}

function isPercentEncoded(text: string): boolean {
  try {
    return decodeURIComponent(text) !== '' && !/[\s#?]/.test(text);
  } catch {
    return false;
  }
}

/** The client takes `defaultDeadline`, `default_deadline` and `DEFAULT-DEADLINE` for one option. */
const plain = (name: string) => name.toLowerCase().replace(/[_-]/g, '');

export function optionOfStoreUrl(text: string, name: string): string | undefined {
  const options = ADDRESS.exec(text)?.[5]?.split('&') ?? [];
  return options.map((option) => option.split('=', 2)).find(([key]) => plain(key!) === name)?.[1];
}

/** A log may show the address without user and password. */
export function withoutSecrets(text: string): string {
  return text.replace(/^([\w+]+:\/\/)[^/?]*@/, '$1');
}
