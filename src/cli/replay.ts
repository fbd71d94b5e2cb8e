/** `ledger replay`: folds the store's events from the first one and compares with the read models. */
import { existsSync } from 'node:fs';
import { readConfig, storeOf } from '../config.js';
import { replay } from '../projections/replay.js';
import { ViewsDirectory } from '../projections/views-directory.js';
import { openViewsForReading } from '../projections/views-file.js';
import { currentMoment, parseMoment, type Moment } from '../reports/moment.js';
import { openReader } from '../store/open-reader.js';
import { CommandFailed } from './client.js';
import { print, ProgressLine, readable } from './output.js';

export interface ReplayOptions {
  readonly until?: string;
  readonly json?: boolean;
}

/** Reads the data directory itself, beside a running ledger or without one. */
export async function replayCommand({ until, json = false }: ReplayOptions): Promise<void> {
  const config = readConfig(process.env);
  const { dataDir } = config;
  const served = existsSync(dataDir) ? new ViewsDirectory(dataDir).currentFile() : null;
  if (served === null) throw new CommandFailed(`there is no ledger in ${dataDir}: set DATA_DIR`);
  const moment = momentIn(served, until);
  const reader = await openReader(storeOf(config));
  const progress = new ProgressLine();
  try {
    const report = await replay(reader, served, {
      until: moment.sequence,
      onProgress: (sequence) => progress.show(`replayed ${sequence + 1} of ${moment.sequence + 1} events`),
    });
    progress.end();
    const agrees = report.differences.length === 0;
    if (json) print(JSON.stringify({ agrees, ...report }));
    else {
      print(`Replayed ${readable(report.events, '')} events, to sequence ${report.sequence}.`);
      if (agrees) print(`All ${readable(report.cells, '')} figures agree with the read models.`);
      for (const { cell, served: known, replayed } of report.differences) {
        print(`differs: ${cell}: served ${known ?? 'nothing'}, replayed ${replayed ?? 'nothing'}`);
      }
    }
    if (!agrees) throw new CommandFailed('the read models differ from the events: run ledger rebuild');
  } finally {
    await reader.close();
  }
}

function momentIn(file: string, until: string | undefined): Moment {
  const views = openViewsForReading(file);
  try {
    return until === undefined
      ? currentMoment(views, Date.now())
      : parseMoment(views, { parameter: '--until', text: until }, Date.now());
  } finally {
    views.close();
  }
}
