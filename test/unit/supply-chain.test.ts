/**
 * What the ledger is made of, and who may change that: scripts at an install, the list of what is shipped, and the
 * workflows that look after it, as far as they can be checked where there is no registry to ask.
 */
import { describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { readFile, yamlOf } from '../support/containers.js';
import { ROOT } from '../support/pages.js';

interface Locked {
  readonly version: string;
  readonly integrity?: string;
  readonly hasInstallScript?: true;
  readonly dev?: true;
  readonly optional?: true;
}

interface Package {
  readonly allowScripts: Readonly<Record<string, boolean>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

interface Workflow {
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<
      string,
      {
        readonly permissions?: Readonly<Record<string, string>>;
        readonly 'timeout-minutes': number;
        readonly steps: readonly {
          readonly uses?: string;
          readonly run?: string;
          readonly with?: Readonly<Record<string, unknown>>;
        }[];
      }
    >
  >;
}

const json = <Content>(path: string) => JSON.parse(readFile(path)) as Content;
const manifest = json<Package>('package.json');
const { allowScripts } = manifest;
const { packages } = json<{ packages: Readonly<Record<string, Locked>> }>('package-lock.json');
const locked = Object.entries(packages)
  .filter(([path]) => path !== '')
  .map(([path, entry]) => ({ name: path.split('node_modules/').at(-1)!, ...entry }));
const idOf = ({ name, version }: { readonly name: string; readonly version: string }) => `${name}@${version}`;

describe('a package', () => {
  test('runs a script when it is installed only where it is said that it may, or that it may not', () => {
    const withScripts = new Set(locked.filter((entry) => entry.hasInstallScript).map(({ name }) => name));
    expect([...withScripts].sort()).toEqual(Object.keys(allowScripts).sort());
    // One is compiled, and one chooses its binary for the platform.
    const allowed = Object.keys(allowScripts).filter((name) => allowScripts[name]);
    expect(allowed.sort()).toEqual(['@swc/core', 'better-sqlite3-multiple-ciphers']);
  });

  test('is the one that was locked: each has its hash', () => {
    expect(locked.filter(({ integrity }) => !/^sha512-/.test(integrity ?? '')).map(idOf)).toEqual([]);
  });
});

test('the list of what is shipped has every package that is, and none that only development needs', () => {
  const script = join(ROOT, 'scripts/sbom.js');
  const text = execFileSync(process.execPath, [script], { encoding: 'utf8', maxBuffer: 64 << 20 });
  const { bomFormat, metadata, dependencies, components } = JSON.parse(text) as {
    bomFormat: string;
    metadata: { component: { name: string } };
    dependencies: readonly { dependsOn: readonly string[] }[];
    components: readonly { name: string; version: string; licenses?: readonly unknown[] }[];
  };
  expect([bomFormat, metadata.component.name]).toEqual(['CycloneDX', 'outcome-ledger']);
  const listed = new Set(components.map(idOf));
  const shipped = locked.filter(({ dev }) => !dev);
  // What is optional is listed where it is installed: it may be for another platform.
  const needed = shipped.filter(({ optional }) => !optional).map(idOf);
  expect(needed.filter((id) => !listed.has(id))).toEqual([]);
  const known = new Set(shipped.map(idOf));
  expect([...listed].filter((id) => !known.has(id))).toEqual([]);
  const leadsTo = dependencies.flatMap(({ dependsOn }) => dependsOn);
  expect(leadsTo.filter((id) => !listed.has(id))).toEqual([]);
  expect(components.filter(({ licenses = [] }) => licenses.length === 0).map(idOf)).toEqual([]);
});

describe('who looks for new versions', () => {
  const { updates } = yamlOf<{
    updates: readonly {
      'package-ecosystem': string;
      ignore?: readonly { 'dependency-name': string }[];
    }[];
  }>('.github/dependabot.yml');

  test('looks for those of all that there is', () => {
    const looked = updates.map((update) => update['package-ecosystem']);
    expect(looked).toEqual(['npm', 'docker', 'docker-compose', 'github-actions']);
    for (const file of ['package-lock.json', 'Dockerfile', 'docker-compose.yml', '.github/workflows']) {
      expect([file, existsSync(join(ROOT, file))]).toEqual([file, true]);
    }
  });

  test('holds back nothing that is not there', () => {
    const held = updates.flatMap(({ ignore = [] }) => ignore.map((entry) => entry['dependency-name']));
    const ours = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(held.filter((name) => !ours.includes(name))).toEqual([]);
  });
});

describe.each(readdirSync(join(ROOT, '.github/workflows')))('the workflow %s', (name) => {
  const { permissions, jobs } = yamlOf<Workflow>(`.github/workflows/${name}`);

  test('may read, and where it may do more it says so at the job', () => {
    expect(permissions).toEqual({ contents: 'read' });
    for (const [job, { permissions: more = {} }] of Object.entries(jobs)) {
      const signs = name === 'release.yml';
      expect([job, 'id-token' in more]).toEqual([job, signs && job !== 'publish']);
      expect([job, more['contents'] ?? 'read']).toEqual([job, signs && job === 'publish' ? 'write' : 'read']);
    }
  });

  test('says of each commit that it uses which version it is, and keeps no credentials in what it checks out', () => {
    const text = readFile(`.github/workflows/${name}`);
    const used = text.match(/uses: .*/g)!;
    expect(used.filter((line) => !/@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))).toEqual([]);
    for (const { steps } of Object.values(jobs)) {
      const checkouts = steps.filter(({ uses }) => uses?.startsWith('actions/checkout@'));
      for (const { with: given } of checkouts) expect(given?.['persist-credentials']).toBe(false);
    }
  });

  test('pins what it uses, ends, and names no script that is not there', () => {
    const { scripts } = json<{ scripts: object }>('package.json');
    for (const job of Object.values(jobs)) {
      expect(job['timeout-minutes']).toBeLessThanOrEqual(60);
      for (const { uses, run } of job.steps) {
        // A tag can be moved to other code, and a commit cannot.
        if (uses) expect(uses).toMatch(/@[0-9a-f]{40}$/);
        if (run?.includes('npm ci')) expect(run).toContain('npm ci --ignore-scripts');
        for (const [, script] of run?.matchAll(/npm run (?:--silent )?(\S+)/g) ?? []) {
          expect(scripts).toHaveProperty([script!]);
        }
      }
    }
  });
});

test('what is released is signed: the package and the image, with what they are made of', () => {
  const { jobs } = yamlOf<Workflow>('.github/workflows/release.yml');
  const { publish, ...made } = jobs;
  expect(publish).toMatchObject({ needs: Object.keys(made) });
  for (const [job, { steps }] of Object.entries(made)) {
    const used = steps.flatMap(({ uses }) => uses?.split('@')[0] ?? []);
    expect([job, used]).toEqual([job, expect.arrayContaining(['actions/attest-build-provenance'])]);
  }
  const audited = yamlOf<Workflow>('.github/workflows/supply-chain.yml').jobs['packages']!.steps;
  expect(audited.map(({ run }) => run)).toContain('npm audit --omit dev');
});
