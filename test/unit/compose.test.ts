/**
 * docker-compose.yml, as far as it can be checked where there is no engine: against the schema of Compose files,
 * against itself, and against what the ledger and its store need. That it runs is shown by .github/workflows/ci.yml.
 */
import { describe, expect, test } from '@jest/globals';
import Ajv2019 from 'ajv/dist/2019.js';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { compose, readFile, services } from '../support/containers.js';
import { ROOT } from '../support/pages.js';

const service = (name: string) => compose.services[name]!;
const oneShots = services.filter(([, { restart }]) => restart === 'no').map(([name]) => name);
/** With what a variable of the environment falls back to, as an engine reads it. */
const interpolated = (text: string) => text.replaceAll(/\$\{\w+:-([^}]*)\}/g, '$1');

/** All that is started to start one service. */
function closure(name: string, seen = new Set<string>()): Set<string> {
  if (seen.has(name)) return seen;
  seen.add(name);
  for (const needed of Object.keys(service(name).depends_on ?? {})) closure(needed, seen);
  return seen;
}

describe('docker-compose.yml', () => {
  test('keeps to the schema of the Compose Specification', () => {
    const ajv = new Ajv2019({
      strict: false,
      allErrors: true,
      formats: {
        duration: /^(?:\d+(?:\.\d+)?(?:us|ms|s|m|h))+$/,
        ports: true,
        expose: true,
        subnet_ip_address: true,
      },
    });
    const {
      id: _id,
      $schema: _draft,
      ...schema
    } = JSON.parse(readFile('test/vectors/compose/compose-spec.json')) as Readonly<Record<string, unknown>>;
    const validate = ajv.compile(withoutOldIds(schema) as object);
    expect({ valid: validate(compose), errors: validate.errors }).toEqual({ valid: true, errors: null });
    // The schema sees what is wrong: it is not one that takes anything.
    const wrong = {
      ...compose,
      services: { ...compose.services, ledger: { ...service('ledger'), port: ['3000'] } },
    };
    expect(validate(wrong)).toBe(false);
  });

  test('starts one server and one ledger where nothing else is asked for', () => {
    const started = services.filter(([, { profiles }]) => !profiles).map(([name]) => name);
    expect(started.sort()).toEqual(['kurrentdb', 'ledger']);
    expect([...closure('ledger')].sort()).toEqual(['kurrentdb', 'ledger']);
  });

  test('starts a cluster with its balancer, and the embedded store by itself', () => {
    expect([...closure('balancer')].sort()).toEqual([
      'balancer',
      'credentials',
      'ledger-1',
      'ledger-2',
      'node1',
      'node2',
      'node3',
    ]);
    expect([...closure('embedded')]).toEqual(['embedded']);
    for (const root of ['balancer', 'embedded']) {
      const profile = service(root).profiles!;
      for (const name of closure(root)) expect([name, service(name).profiles]).toEqual([name, profile]);
    }
  });

  test.each(services)('pins what %s is', (_name, { image, build }) => {
    expect(image).toMatch(/:\d+\.\d+\.\d+(?:-[a-z0-9.]+)?$/);
    if (build === undefined) expect(image).not.toContain('outcome-ledger');
    else expect([build, image]).toEqual(['.', `outcome-ledger:${packageOf().version}`]);
  });

  test.each(services)(
    'waits for what %s needs in the way that each can be waited for',
    (_name, { depends_on }) => {
      for (const [needed, { condition }] of Object.entries(depends_on ?? {})) {
        expect(Object.keys(compose.services)).toContain(needed);
        const expected = oneShots.includes(needed) ? 'service_completed_successfully' : 'service_healthy';
        expect([needed, condition]).toEqual([needed, expected]);
      }
    },
  );

  test('looks after the health of all that goes on running', () => {
    for (const [name, { healthcheck, build, restart }] of services) {
      if (oneShots.includes(name)) continue;
      expect([name, restart]).toEqual([name, 'unless-stopped']);
      // The image of the ledger brings its own.
      if (build === undefined) expect([name, healthcheck?.test[0]]).toEqual([name, 'CMD']);
      else expect([name, healthcheck]).toEqual([name, undefined]);
    }
    expect(oneShots).toEqual(['credentials']);
  });

  test('keeps what must be kept in volumes, each with one owner of its data', () => {
    const mounts = services.flatMap(([name, { volumes = [] }]) =>
      volumes.map((volume) => [name, ...volume.split(':')] as [string, string, string, string?]),
    );
    const named = mounts.filter(([, source]) => !source.startsWith('./'));
    expect([...new Set(named.map(([, source]) => source))].sort()).toEqual(
      Object.keys(compose.volumes).sort(),
    );
    for (const [, source] of mounts.filter(([, from]) => from.startsWith('./'))) {
      expect(existsSync(join(ROOT, source))).toBe(true);
    }
    const written = named.filter(([name, , , mode]) => mode !== 'ro' && !oneShots.includes(name));
    const owned = written.map(([, source]) => source);
    expect(owned.length).toBe(new Set(owned).size);
    for (const [name, { environment }] of services) {
      const paths = written.filter(([of]) => of === name).map(([, , path]) => path);
      if (environment?.['KURRENTDB_CLUSTER_SIZE']) expect(paths).toContain('/var/lib/kurrentdb');
      if (service(name).build) expect(paths).toEqual(['/data']);
    }
  });

  test('shows the authority’s key to nobody but its maker, and each node its own', () => {
    const users = (volume: string) =>
      services.filter(([, { volumes = [] }]) => volumes.some((mount) => mount.startsWith(`${volume}:`)));
    expect(users('authority').map(([name]) => name)).toEqual(['credentials']);
    for (const node of ['node1', 'node2', 'node3']) {
      expect(users(`${node}-certificates`).map(([name]) => name)).toEqual(['credentials', node]);
    }
  });

  test('publishes ledgers only, to this machine only, each on a port of its own', () => {
    const ports = services.flatMap(([name, { ports = [] }]) => ports.map((port) => `${name} ${port}`));
    expect(ports).toEqual([
      'ledger 127.0.0.1:3000:3000',
      'embedded 127.0.0.1:3002:3000',
      'balancer 127.0.0.1:3001:8080',
    ]);
    expect(compose.networks['store']).toEqual({ internal: true });
    for (const [name, { environment, networks }] of services) {
      if (environment?.['KURRENTDB_CLUSTER_SIZE']) expect([name, networks]).toEqual([name, ['store']]);
    }
  });

  test('lets every node take a submission of the size that the ledger takes', () => {
    const [, factor] = /BODY_BYTES_MAX = (\d+) \* 1024 \* 1024;/.exec(readFile('src/http/server.ts'))!;
    const nodes = services.filter(([, { environment }]) => environment?.['KURRENTDB_CLUSTER_SIZE']);
    expect(nodes.length).toBe(4);
    for (const [name, { environment }] of nodes) {
      const takes = Number(environment!['KURRENTDB_MAX_APPEND_SIZE']);
      // What is recorded beside the content of 500 outcomes is less than a kilobyte each.
      expect([name, takes >= Number(factor) * 1024 * 1024 + 500 * 1024]).toEqual([name, true]);
    }
  });

  test('takes from every service what it does not need', () => {
    for (const [name, service] of services) {
      if (oneShots.includes(name)) expect([name, service.network_mode]).toEqual([name, 'none']);
      else expect([name, service.cap_drop, service.user]).toEqual([name, ['ALL'], undefined]);
      if (service.build) expect([name, service.read_only]).toEqual([name, true]);
    }
  });

  test('needs nothing of the environment, and has no password but one that says that it must be changed', () => {
    const variables = [...readFile('docker-compose.yml').matchAll(/(?<!\$)\$\{?(\w+)([^}]*)/g)];
    expect(variables.length).toBeGreaterThan(0);
    for (const [, name, fallback] of variables) {
      expect([name, fallback]).toEqual([name, ':-change-before-use']);
    }
  });

  test('tells each ledger an address that its client can use', () => {
    const addresses = services.flatMap(([name, { environment }]) => {
      const url = environment?.['EVENT_STORE_URL'];
      return url === undefined ? [] : [[name, interpolated(url)] as const];
    });
    expect(addresses.map(([name]) => name)).toEqual(['ledger', 'ledger-1', 'ledger-2']);
    for (const [name, url] of addresses) {
      const [, user, hosts, query] = /^esdb:\/\/(?:([^@]+)@)?([^?/]+)\?(.+)$/.exec(url)!;
      const options = new URLSearchParams(query);
      const secure = hosts!.split(',').every((host) => {
        const node = service(host.replace(/:2113$/, ''));
        expect(Object.keys(service(name).depends_on!)).toContain(host.replace(/:2113$/, ''));
        return node.environment!['KURRENTDB_INSECURE'] !== 'true';
      });
      expect({ tls: options.get('tls'), user: user !== undefined }).toEqual({
        tls: String(secure),
        user: secure,
      });
      if (secure) expect(service(name).volumes).toContain('trust:/trust:ro');
    }
  });
});

describe('the nodes of the cluster', () => {
  const nodes = services.filter(([, { environment }]) => environment?.['KURRENTDB_CLUSTER_SIZE'] === '3');

  test('are three, differ in nothing but their names, and know each other', () => {
    expect(nodes.map(([name]) => name)).toEqual(['node1', 'node2', 'node3']);
    const seeds = 'node1:2113,node2:2113,node3:2113';
    const shapes = nodes.map(([name, { environment, ...node }]) => {
      const { KURRENTDB_GOSSIP_SEED, ...settings } = environment!;
      expect([KURRENTDB_GOSSIP_SEED, settings['KURRENTDB_NODE_HOST_ADVERTISE_AS']]).toEqual([seeds, name]);
      return JSON.stringify([node, settings]).replaceAll(name, 'itself');
    });
    expect(new Set(shapes).size).toBe(1);
  });

  test('have certificates for the names that they go by', () => {
    const script = readFile('docker/make-credentials.sh');
    expect(script).toContain(`for node in ${nodes.map(([name]) => name).join(' ')};`);
    expect(script).toContain('-dns-names "$node,localhost"');
    const mounts = service('credentials').volumes!.map((mount) => mount.split(':')[1]!);
    for (const [name] of nodes) expect(mounts).toContain(`/certificates/${name}`);
    for (const path of ['/authority', '/trust', '/ledgers/1', '/ledgers/2']) expect(mounts).toContain(path);
  });
});

function packageOf(): { readonly version: string } {
  return JSON.parse(readFile('package.json')) as { version: string };
}

/** What a schema was called by before `$id`, which it says of its parts, too. */
function withoutOldIds(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(withoutOldIds);
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).filter(([name, value]) => name !== 'id' || typeof value !== 'string');
  return Object.fromEntries(entries.map(([name, value]) => [name, withoutOldIds(value)]));
}
