/** `ledger verify`: a bundle or a single proof, offline; or a data directory against itself. */
import { Option, type Command } from 'commander';
import { EXIT_CODES, keysIn, OPTIONS, readNote, verifyFile } from '../checker/verify-file.js';
import type { VerifyOptions } from '../checker/verify-file.js';
import { visible } from '../kernel/visible.js';
import { verifyLive, type LiveReport } from '../audit/verify-live.js';
import { readConfig, storeOf } from '../config.js';
import { CommandFailed } from './client.js';
import { print, ProgressLine, readable } from './output.js';

interface VerifyCommandOptions extends VerifyOptions {
  readonly live?: boolean;
}

/** The options with which `--live` has nothing to do. */
const OF_FILES = ['policy', 'since-time', 'expect', 'event', 'checkpoint'];

export function register(ledger: Command): void {
  const verify = ledger
    .command('verify [bundle]')
    .description(
      'check a bundle or a single proof offline, or with --live the ledger in DATA_DIR: ends with 0 good, 1 tampered, 2 cannot tell',
    )
    .option('--live', 'compare store, log, figures and checkpoints in DATA_DIR, also while it serves')
    .option('--json', 'print the verdict as JSON')
    .action((bundle: string | undefined, options: VerifyCommandOptions) => verifyCommand(bundle, options));
  for (const [name, [takes, says]] of Object.entries(OPTIONS)) {
    const option = new Option(`--${name} ${takes}`, says);
    verify.addOption(OF_FILES.includes(name) ? option.conflicts('live') : option);
  }
}

async function verifyCommand(
  bundle: string | undefined,
  { live = false, ...options }: VerifyCommandOptions,
): Promise<void> {
  if (live === (bundle !== undefined)) throw new CommandFailed('name a bundle, or say --live', 2);

  const { text, exitCode } = live ? await liveVerdict(options) : await verifyFile(bundle!, options);
  print(text);
  process.exitCode = exitCode;
}

/** An error that prevents the check leaves the verdict open: tampering is only what the check found. */
async function liveVerdict(options: VerifyOptions): Promise<{ text: string; exitCode: number }> {
  const report = await liveReport(options).catch((error: unknown): LiveReport => ({
    verdict: 'cannot tell',
    events: 0,
    root: null,
    faults: [],
    doubts: [(error as Error).message],
  }));
  return {
    text: options.json ? JSON.stringify(report) : told(report),
    exitCode: EXIT_CODES[report.verdict],
  };
}

async function liveReport({ since, key }: VerifyOptions): Promise<LiveReport> {
  const config = readConfig(process.env);
  const keys = key === undefined ? undefined : keysIn(key);
  const kept = since === undefined ? undefined : readNote(since);
  const progress = new ProgressLine();
  const report = await verifyLive({
    store: storeOf(config),
    signingDir: config.signingDir,
    keys,
    since: kept,
    onProgress: (sequence) => progress.show(`read ${readable(sequence + 1, '')} events`),
  });
  progress.end();
  return report;
}

function told({ verdict, events, root, faults, doubts }: LiveReport): string {
  const heading = {
    good: `Good: ${readable(events, '')} events, their log, all read models and what was signed agree.`,
    tampered: 'TAMPERED: what is stored does not agree.',
    'cannot tell': 'Cannot tell.',
  }[verdict];
  return [
    heading,
    ...faults.map((fault) => `  differs: ${fault}`),
    ...doubts.map((doubt) => `  unknown: ${doubt}`),
    ...(root === null ? [] : [`  root ${root}`]),
  ]
    .map(visible)
    .join('\n');
}
