/**
 * The image of the ledger, the script that makes a cluster's credentials, and the workflow that runs both, as far as
 * they can be checked where there is no engine.
 */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compose, jobs, readFile, services, type Job } from '../support/containers.js';
import { ROOT } from '../support/pages.js';

const dockerfile = readFile('Dockerfile').replaceAll(/\\\n\s*/g, '');

describe('the Dockerfile', () => {
  const lines = dockerfile.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const stages = dockerfile.split(/^FROM /m).slice(1);

  test('builds in one stage and runs in a smaller one, of the same pinned Node', () => {
    const images = stages.map((stage) => stage.split('\n', 1)[0]!);
    expect(images).toEqual([
      expect.stringMatching(/^node:\d+\.\d+\.\d+-bookworm AS build$/),
      expect.stringMatching(/^node:\d+\.\d+\.\d+-bookworm-slim$/),
    ]);
    const versions = images.map((image) => /^node:([\d.]+)/.exec(image)![1]);
    expect(new Set(versions).size).toBe(1);
    const matrix = readFile('.github/workflows/ci.yml');
    expect(matrix).toContain(`node: [20.20.2, ${versions[0]}]`);
  });

  test('runs as a user who is not root, from files that are not theirs to change', () => {
    const last = stages.at(-1)!.split('\n');
    const user = last.indexOf('USER node');
    expect(user).toBeGreaterThan(last.findLastIndex((line) => /^(?:RUN|COPY)/.test(line)));
    expect(user).toBeLessThan(last.findIndex((line) => line.startsWith('CMD')));
    expect(lines.filter((line) => /--chown|^ADD|sudo|chmod/.test(line))).toEqual([]);
  });

  test('installs what the lockfile says, and leaves out what only development needs', () => {
    expect(stages[0]).toMatch(
      /npm ci --ignore-scripts .* && npm rebuild better-sqlite3-multiple-ciphers\n[^]*npm prune --omit=dev/,
    );
    expect(stages[1]).not.toMatch(/npm|apt-get/);
  });

  test('asks whether the ledger is ready, in a program that runs', () => {
    const [, command] = /HEALTHCHECK .*CMD (\[.+\])$/m.exec(stages[1]!)!;
    const [program, ...args] = JSON.parse(command!) as [string, ...string[]];
    expect([program, args[0]]).toEqual(['node', '-e']);
    expect(args[1]).toContain('/health/ready');
    // Nobody listens there, and so nobody is healthy.
    const asked = spawnSync(process.execPath, args, { env: { ...process.env, PORT: '1' } });
    expect(asked.status).toBe(1);
  });

  test('copies nothing that the ignore file keeps out, and the ignore file keeps out all else', () => {
    const [all, ...kept] = readFile('.dockerignore')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(all).toBe('*');
    const copied = lines
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from'))
      .flatMap((line) => line.split(/\s+/).slice(1, -1));
    expect(kept.map((line) => line.slice(1)).sort()).toEqual(copied.sort());
    for (const path of copied) expect([path, existsSync(join(ROOT, path))]).toEqual([path, true]);
  });
});

const PASSWORDS = { KURRENTDB_ADMIN_PASSWORD: 'Letters1', KURRENTDB_OPS_PASSWORD: 'Letters2' };

describe('docker/make-credentials.sh', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'ledger-credentials-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  /** With stand-ins for the tool that makes certificates, and for giving files to another user. */
  function run(
    failsFor = '',
    passwords = PASSWORDS,
  ): { status: number | null; files: Record<string, string> } {
    const programs = join(root, 'programs');
    mkdirSync(programs, { recursive: true });
    const gencert = [
      '#!/bin/bash',
      '[ "$1" = create-ca ] && name=ca || name=node',
      'while [ $# -gt 0 ]; do [ "$1" = -out ] && out=$2; shift; done',
      `[[ "$out" == */${failsFor || '-'} ]] && exit 3`,
      'mkdir -p "$out"; echo "certificate $RANDOM" > "$out/$name.crt"; echo "key $RANDOM" > "$out/$name.key"',
    ];
    writeFileSync(join(programs, 'es-gencert-cli'), `${gencert.join('\n')}\n`, { mode: 0o755 });
    writeFileSync(join(programs, 'chown'), '#!/bin/bash\n', { mode: 0o755 });
    const volumes = compose.services['credentials']!.volumes!.map((mount) => mount.split(':')[1]!);
    for (const path of volumes.filter((volume) => !volume.endsWith('.sh'))) {
      mkdirSync(join(root, path), { recursive: true });
    }
    const { status } = spawnSync('bash', [join(ROOT, 'docker/make-credentials.sh')], {
      env: {
        ...process.env,
        PATH: `${programs}:${process.env['PATH']}`,
        CREDENTIALS_ROOT: root,
        ...passwords,
      },
    });
    const files = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile() && !file.parentPath.startsWith(programs))
      .map((file) => join(file.parentPath, file.name))
      .map((path) => [path.slice(root.length), readFileSync(path, 'utf8')]);
    return { status, files: Object.fromEntries(files) as Record<string, string> };
  }
  test.each([
    ['none at all', { KURRENTDB_ADMIN_PASSWORD: '' }],
    ['the one that says it must be changed', { KURRENTDB_OPS_PASSWORD: 'change-before-use' }],
    ['one that an address would take for its own', { KURRENTDB_ADMIN_PASSWORD: 'p@ss/word%' }],
  ])('makes nothing for a cluster whose password is %s', (_what, wrong) => {
    const { status, files } = run('', { ...PASSWORDS, ...wrong });
    expect(status).toBe(1);
    expect(files).toEqual({});
  });

  const mode = (path: string) => (statSync(join(root, path)).mode & 0o777).toString(8);

  test('gives each what it needs and no more, and both ledgers one key', () => {
    const { status, files } = run();
    expect(status).toBe(0);
    const certificates = ['node1', 'node2', 'node3'].flatMap((node) => [
      `/certificates/${node}/node.crt`,
      `/certificates/${node}/node.key`,
    ]);
    const made = ['/authority/admin.key', '/authority/ca/ca.crt', '/authority/ca/ca.key', ...certificates];
    expect(Object.keys(files).sort()).toEqual(
      [...made, '/ledgers/1/admin.key', '/ledgers/2/admin.key', '/trust/ca.crt'].sort(),
    );
    expect(files['/ledgers/1/admin.key']).toMatch(/^[\w-]{43}$/);
    expect(files['/ledgers/2/admin.key']).toBe(files['/ledgers/1/admin.key']);
    expect(files['/trust/ca.crt']).toBe(files['/authority/ca/ca.crt']);
    for (const path of ['/certificates/node2/node.key', '/ledgers/1/admin.key', '/authority/ca/ca.key']) {
      expect([path, mode(path)]).toEqual([path, '600']);
    }
    expect([mode('/trust'), mode('/trust/ca.crt'), mode('/ledgers/2')]).toEqual(['755', '644', '700']);
  });

  test('changes nothing when it is run again', () => {
    const first = run();
    expect(first.status).toBe(0);
    expect(run()).toEqual(first);
  });

  test('ends with an error where one certificate cannot be made, and then makes what is missing', () => {
    const broken = run('node2');
    expect(broken.status).not.toBe(0);
    expect(Object.keys(broken.files)).not.toContain('/ledgers/1/admin.key');
    const mended = run();
    expect(mended.status).toBe(0);
    expect(mended.files).toMatchObject(broken.files);
    expect(mended.files).toHaveProperty(['/certificates/node3/node.key']);
  });
});

describe('the workflow', () => {
  const { checks, eventstore, images } = jobs;
  const runs = (job: Job) => job.steps.flatMap(({ run }) => run ?? []);

  test('runs what the project says that CI is, on the oldest Node that is supported', () => {
    expect(runs(checks!)).toEqual(['sudo --preserve-env env "PATH=$PATH" .ci/run']);
  });

  test('asks the laws of the store of the very server that is started with the ledger', () => {
    const { image, ports, env } = eventstore!.services!['kurrentdb']!;
    expect(env).toEqual(compose.services['kurrentdb']!.environment);
    expect(image).toBe(compose.services['kurrentdb']!.image);
    expect(ports).toEqual(['2113:2113']);
    expect(eventstore!.env).toEqual({ EVENTSTORE_TEST_URL: 'esdb://localhost:2113?tls=false' });
    expect(runs(eventstore!)).toEqual([
      'npm ci --ignore-scripts && npm rebuild better-sqlite3-multiple-ciphers',
      'npx jest test/contracts test/e2e/replicas',
    ]);
  });

  test('starts each of the ways to run it, and asks each whether it is ready', () => {
    const commands = runs(images!).join('\n');
    for (const [, { ports = [] }] of services) {
      for (const port of ports) expect(commands).toContain(`localhost:${port.split(':')[1]}/health/ready`);
    }
  });

  test('says on what it runs, and ends', () => {
    for (const job of Object.values(jobs)) {
      expect(job['timeout-minutes']).toBeLessThanOrEqual(60);
      expect(job['runs-on']).toMatch(/-\d+\.\d+$/);
    }
  });
});
