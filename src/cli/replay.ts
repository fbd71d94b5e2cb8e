/** `ledger replay`: folds the store's events from the first one, and compares the result with the read models. */
import type { Command } from 'commander';
import { BadParameter } from '../api/bad-parameter.js';
import { existsSync } from 'node:fs';
import { parseCheckpoint, type Checkpoint } from '../tlog/checkpoint.js';
import { parseVerifierKey, signsLogs, verifiedSignatures } from '../tlog/note.js';
import { SigningFiles } from '../audit/signing-files.js';
import { keysIn, readNote } from '../checker/verify-file.js';
import { readConfig, storeOf } from '../config.js';
import { financialYearStarting } from '../kernel/financial-year.js';
import { decodeCell } from '../read-models/cell.js';
import { replay, type ViewsFile } from '../read-models/replay.js';
import { ViewsDirectory } from '../read-models/views-directory.js';
import { openViewsForReading } from '../read-models/views-file.js';
import { currentMoment, parseMoment } from '../figures/moment.js';
import { hasEvents } from '../store/backup-file.js';
import { openReader } from '../store/open-store.js';
import { wantOfRoomAside } from '../store/room-aside.js';
import { CommandFailed } from './client.js';
import { print, ProgressLine, readable } from './output.js';

interface ReplayOptions {
  /** A moment; or a file with a checkpoint, whose size is the moment, and whose root the folded history must have. */
  readonly until?: string;
  /** Verifier keys to trust in place of those in the signing directory. */
  readonly key?: string;
  readonly json?: boolean;
}

export function register(ledger: Command): void {
  ledger
    .command('replay')
    .description(
      'fold every event afresh and compare with the read models in DATA_DIR, also while it serves: ends with 0 agrees, 1 differs, 2 cannot tell',
    )
    .option(
      '--until <moment>',
      'a sequence, an instant, the end of a day, or a file with a checkpoint; by default now',
    )
    .option('--key <key>', 'for a checkpoint: a verifier key that you trust, or a file with some')
    .option('--json', 'print the report as JSON')
    .action(replayCommand);
}

/** Reads the data directory itself, beside a running ledger or without one. */
async function replayCommand({ until, key, json = false }: ReplayOptions): Promise<void> {
  const config = readConfig(process.env);
  const { dataDir } = config;
  const served = existsSync(dataDir) ? new ViewsDirectory(dataDir).currentFile() : null;
  if (served === null) {
    const missing =
      config.eventStore || hasEvents(dataDir)
        ? `there are no read models in ${dataDir}: make them with ledger rebuild --offline`
        : `there is no ledger in ${dataDir}: set DATA_DIR`;
    throw new CommandFailed(missing);
  }
  const views: ViewsFile = { file: served, key: config.databaseKey };
  const checkpoint =
    until !== undefined && existsSync(until) ? trustedCheckpoint(until, key, config.signingDir) : null;
  const last = sequenceIn(views, checkpoint ?? until);
  const reader = await openReader(storeOf(config));
  const progress = new ProgressLine();
  try {
    const report = await replay(reader, views, {
      until: last,
      onProgress: (sequence) => progress.show(`replayed ${sequence + 1} of ${last + 1} events`),
    });
    progress.end();
    const signedRoot = checkpoint && checkpoint.root.toString('base64');
    const isAsSigned = signedRoot === null || signedRoot === report.root;
    const agrees = report.differences.length === 0 && report.root === report.servedRoot && isAsSigned;
    if (json) print(JSON.stringify({ agrees, ...report, ...(checkpoint && { signedRoot }) }));
    else {
      print(`Replayed ${readable(report.events, '')} events, to sequence ${report.sequence}.`);
      if (report.differences.length === 0)
        print(`All ${readable(report.cells, '')} figures agree with the read models.`);
      print(`The root of the log is ${report.root}${checkpoint && isAsSigned ? ', as it was signed' : ''}.`);
      if (!isAsSigned) print(`differs: root of the log: signed ${signedRoot}`);
      for (const { cell, served: known, replayed } of report.differences) {
        print(`differs: ${cellInWords(cell)}: served ${inWords(known)}, replayed ${inWords(replayed)}`);
      }
      if (report.root !== report.servedRoot)
        print(`differs: root of the log: served ${report.servedRoot ?? 'nothing'}`);
    }
    if (!isAsSigned)
      throw new CommandFailed('the history differs from the one that the checkpoint was signed for');
    // Read models that were rebuilt from altered events agree with them, so only the root of the log shows the change.
    if (report.root !== report.servedRoot)
      throw new CommandFailed('the log differs from the events: run ledger verify --live, which says where');
    if (!agrees) throw new CommandFailed('the read models differ from the events: run ledger rebuild');
  } catch (error) {
    const noRoom = wantOfRoomAside(error);
    // Without room nothing was compared, so exit code 2: it is not known whether there is a difference.
    throw noRoom === null ? error : new CommandFailed(noRoom, 2);
  } finally {
    await reader.close();
  }
}

/** @throws CommandFailed with exit code 2 where the checkpoint's signature cannot be verified */
function trustedCheckpoint(file: string, key: string | undefined, signingDir: string): Checkpoint {
  try {
    const own = key === undefined ? new SigningFiles(signingDir).verifierKeys() : keysIn(key);
    const checkpoint = parseCheckpoint(readNote(file));
    const keys = own.map(parseVerifierKey).filter((one) => signsLogs(one, checkpoint.origin));
    if (verifiedSignatures(checkpoint.note, keys).length > 0) return checkpoint;
  } catch (error) {
    throw new CommandFailed(`${file}: ${(error as Error).message}`, 2);
  }
  throw new CommandFailed(
    `${file} was not signed with a key that is trusted: give the verifier key that you know with --key`,
    2,
  );
}

/** The last sequence to replay: that of a moment, or the last one that a checkpoint covers. */
function sequenceIn({ file, key }: ViewsFile, until: string | Checkpoint | undefined): number {
  const views = openViewsForReading(file, key);
  try {
    if (typeof until === 'string')
      return parseMoment(views, { parameter: '--until', text: until }, Date.now()).sequence;
    const { sequence } = currentMoment(views, Date.now());
    if (until === undefined) return sequence;
    if (until.size > sequence + 1)
      throw new CommandFailed(
        `${until.size} events were signed, and the read models have only ${sequence + 1}: events are gone`,
      );
    return Number(until.size) - 1;
  } catch (error) {
    // With a wrong moment nothing was compared, so exit code 2: it is not known whether there is a difference.
    if (error instanceof BadParameter) throw new CommandFailed(error.message, 2);
    throw error;
  } finally {
    views.close();
  }
}

/** A cell that was altered may be any text: one without the right form is shown as it is. */
const CELL = /^\S+ \S+ \S* \d{4} \S+ \S*$/;
const STATE = /^\d+( -?\d+){7}( \S+ \d+)?$/;

function cellInWords(cell: string): string {
  if (!CELL.test(cell)) return cell;
  const [measure, programme, organisation, year, basis, breakdown] = cell.split(' ');
  const part = breakdown === '' ? '' : ` (${breakdown})`;
  return `${measure}${part} of ${programme}, ${organisation || 'no organisation'}, ${financialYearStarting(Number(year))}, ${basis}`;
}

function inWords(state: string | null): string {
  if (state === null) return 'nothing';
  if (!STATE.test(state)) return state;
  const { amount, denominator, low, high, openLow, openHigh, outcomes, apart, latestTo } = decodeCell(state);
  const bound = (sum: bigint, open: number) => (open === 0 ? sum : 'open');
  const value = `${amount}${denominator === 0n ? '' : ` of ${denominator}`} (${bound(low, openLow)} to ${bound(high, openHigh)})`;
  const latest = latestTo === '' ? '' : `, the latest of ${latestTo}`;
  const standApart = apart === 0 ? '' : `, ${apart} of them shown apart`;
  return `${value}${latest} in ${outcomes} ${outcomes === 1 ? 'outcome' : 'outcomes'}${standApart}`;
}
