/**
 * Every command of README.md and of the pages in docs/ is run, in order and in one shell a page, against a ledger
 * with the example; what a page shows of an answer must be there (test/support/pages.ts says how it is compared).
 * A block fails with the first of its commands that fails. An answer that is not shown is no problem document.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startCommand } from '../support/command.js';
import {
  brokenLinks,
  commandsOf,
  differences,
  languagesOf,
  pages,
  readPage,
  ROOT,
} from '../support/pages.js';

/** What is run elsewhere, by the mark above it. */
const RUN_ELSEWHERE: Readonly<Record<string, readonly string[]>> = {
  // By .ci/run, which takes them from the page.
  'README.md': ['the first command', 'the second command'],
  'docs/eventstore.md': ['needs Docker'],
  'docs/operating.md': ['needs Docker', 'needs EventStoreDB'],
};
/** Generous: a page takes some seconds, and a minute where the command line has to be built first. */
const PAGE_MS_MAX = 180_000;

const isRunHere = ({ mark }: { readonly mark: string | null }) => mark === null;

class ServedPage {
  private dir = '';
  private serving: ChildProcess | null = null;
  private url = '';

  private get dataDir(): string {
    return join(this.dir, 'data');
  }

  /** Resolves when the ledger serves the example. */
  async start(): Promise<void> {
    this.dir = mkdtempSync(join(tmpdir(), 'ledger-docs-'));
    mkdirSync(this.dataDir);
    const env = { DATA_DIR: this.dataDir, PORT: '0', LOG_LEVEL: 'warn' };
    const serving = startCommand(['serve', '--example'], env);
    this.serving = serving;
    let output = '';
    await new Promise<void>((ready, fails) => {
      serving.stdout!.setEncoding('utf8').on('data', (text: string) => {
        if ((output += text).includes('no total over years')) ready();
      });
      serving.once('exit', () => fails(new Error(`ended at its start: ${output}`)));
    });
    this.url = /serves at (\S+)/.exec(output)![1]!;
  }

  /** The blocks are sourced by one shell, so that what one sets the next ones have. */
  run(blocks: readonly string[]): void {
    blocks.forEach((text, index) => writeFileSync(join(this.dir, `${index}.sh`), this.here(text)));
    const steps = blocks.map(
      (_, at) => `. '${this.dir}/${at}.sh' >'${this.dir}/${at}.out' 2>&1; : >'${this.dir}/${at}.done'`,
    );
    spawnSync('bash', ['-c', ['set -e', ...steps].join('\n')], {
      cwd: ROOT,
      env: { ...process.env, DATA_DIR: this.dataDir, PORT: '0', LEDGER_URL: this.url },
      stdio: 'ignore',
      timeout: PAGE_MS_MAX,
    });
  }

  /** What a block wrote, and whether it came to its end. */
  outcome(index: number): { done: boolean; output: string } {
    const output = join(this.dir, `${index}.out`);
    return {
      done: existsSync(join(this.dir, `${index}.done`)),
      output: existsSync(output) ? readFileSync(output, 'utf8') : 'not run: a block before it failed',
    };
  }

  /** A page speaks of the default port and data directory. */
  here(text: string): string {
    return text
      .replaceAll('localhost:3000', new URL(this.url).host)
      .replaceAll(/(?<![\w./-])data\//g, `${this.dataDir}/`);
  }

  async stop(): Promise<void> {
    if (this.serving?.exitCode === null) {
      const exited = once(this.serving, 'exit');
      this.serving.kill('SIGTERM');
      await exited;
    }
    rmSync(this.dir, { recursive: true, force: true });
  }
}

const withCommands = pages().filter((page) => commandsOf(page).some(isRunHere));

describe.each(withCommands)('the commands of %s', (page) => {
  const commands = commandsOf(page).filter(isRunHere);
  const served = new ServedPage();
  beforeAll(async () => {
    await served.start();
    served.run(commands.map(({ text }) => text));
  }, PAGE_MS_MAX + 60_000);
  afterAll(() => served.stop());

  test.each(commands.map(({ line, shown }, index) => ({ line, shown, index })))(
    'on line $line do what it says',
    ({ shown, index }) => {
      const { done, output } = served.outcome(index);
      expect({ done, output }).toEqual({ done: true, output });
      if (shown) expect(differences({ ...shown, text: served.here(shown.text) }, output)).toEqual([]);
      else expect(output).not.toContain('urn:outcome-ledger:problem:');
    },
  );
});

describe('the pages', () => {
  test.each(pages())('%s leaves out no command but those that are run elsewhere', (page) => {
    const marks = commandsOf(page).flatMap(({ mark }) => mark ?? []);
    expect(marks.filter((mark) => !RUN_ELSEWHERE[page]?.includes(mark))).toEqual([]);
    // Commands have one name, so that none can hide behind another.
    expect(languagesOf(page).filter((language) => !['sh', 'json', 'text', 'csv'].includes(language))).toEqual(
      [],
    );
  });

  test.each(pages())('%s names no script that is not there', (page) => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object };
    const named = [...readPage(page).matchAll(/\bnpm (?:run )?([a-z:]+)/g)].map((match) => match[1]!);
    const npmsOwn = ['ci', 'cit', 'rebuild'];
    expect(named.filter((name) => !npmsOwn.includes(name) && !(name in scripts))).toEqual([]);
  });

  test('the README runs its first commands in CI, and all others here', () => {
    const ci = readFileSync(join(ROOT, '.ci/run'), 'utf8');
    for (const { mark, section } of commandsOf('README.md')) {
      if (section === 'Use') expect(mark).toBeNull();
      else expect(ci).toContain(`command_of '${mark}'`);
    }
  });

  test.each(pages({ deep: true }))('%s has no link that leads nowhere', (page) => {
    expect(brokenLinks(page)).toEqual([]);
  });
});
