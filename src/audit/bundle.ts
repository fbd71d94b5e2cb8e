/** Makes bundles, page by page: neither the length of history nor a slow reader takes up memory. */
import { Injectable } from '@nestjs/common';
import { cloudEventOf } from '../api/cloud-event.js';
import { History, type SequencedEvent } from '../read-models/history.js';
import {
  BUNDLE_FORMAT,
  loggedEventOf,
  type BundleEvent,
  type BundleFigure,
} from '../checker/bundle-format.js';
import type { BundleHeader, BundleScope } from '../checker/bundle-format.js';
import { areWordsGone } from '../kernel/event-data.js';
import { entryOf } from '../tlog/entry.js';
import { LogSigner, type SignedHead } from './log-signer.js';
import { TransparencyLog } from './log.js';
import { leafHash, subtreesBetween, type CompleteSubtree } from '../tlog/merkle.js';

export interface BundleQuery {
  readonly scope: BundleScope;
  readonly figure?: BundleFigure;
  /** The sequences of a figure's events, in rising order, some at a time. */
  readonly sequences?: () => AsyncIterable<readonly number[]>;
  /** The bundle's log must have at least so many entries, so that it has all these events. */
  readonly leastSize?: number;
  /** The earlier size at which to cut. */
  readonly since: number;
}

const PAGE_SIZE = 200;

@Injectable()
export class Bundles {
  constructor(
    private readonly history: History,
    private readonly log: TransparencyLog,
    private readonly signer: LogSigner,
  ) {}

  /** Resolves when it is certain that a bundle can be made: a failure after that breaks the bundle off. */
  async of(query: BundleQuery): Promise<AsyncGenerator<string>> {
    const { scope, figure } = query;
    const checkpoint = await this.signer.covering(this.leastSize(query));
    const header: BundleHeader = {
      format: BUNDLE_FORMAT,
      origin: this.signer.origin,
      size: checkpoint.size,
      keys: this.signer.verifierKeys,
      scope,
      ...(figure && { figure }),
    };
    return this.lines(query, header, checkpoint);
  }

  /** The checkpoint covers at least the period's end, the figure's moment, or every entry that there is now. */
  private leastSize({ scope, figure, since, leastSize = 0 }: BundleQuery): number {
    const until =
      scope.kind === 'period' ? scope.until + 1 : figure ? figure.asAtSequence + 1 : this.log.size;
    return Math.max(since, until, leastSize);
  }

  private async *lines(
    query: BundleQuery,
    header: BundleHeader,
    { text: checkpoint, timestamp }: SignedHead,
  ): AsyncGenerator<string> {
    yield lineOf(header);
    let next = 0;
    const erased = new Set<string>();
    for await (const events of this.pages(query, header.size)) {
      let page = '';
      const subtree = this.log.subtrees();
      for (const event of events) {
        if (query.sequences && !isPart(event, erased)) continue;
        page += gap(subtree, { from: next, to: event.sequence, cut: query.since }) + eventLine(event);
        next = event.sequence + 1;
      }
      yield page;
    }
    const rest = gap(this.log.subtrees(), { from: next, to: header.size, cut: query.since });
    yield rest + lineOf({ checkpoint, ...(timestamp !== null && { timestamp }) });
  }

  private async *pages(
    { scope, sequences }: BundleQuery,
    size: number,
  ): AsyncGenerator<readonly SequencedEvent[]> {
    if (sequences) {
      for await (const some of sequences()) {
        for (let start = 0; start < some.length; start += PAGE_SIZE) {
          yield await this.history.at(some.slice(start, start + PAGE_SIZE));
        }
      }
      return;
    }
    const until = scope.kind === 'period' ? scope.until : size - 1;
    const programme = scope.kind === 'programme' ? scope.programme : undefined;
    for (let after: number | null = scope.kind === 'period' ? scope.after : -1; after !== null;) {
      const page = await this.history.page({ after, until, programme, limit: PAGE_SIZE });
      yield page.events;
      after = page.next;
    }
  }
}

/** Whether an event is part of a figure: an erasure is only where it explains what is gone before it. */
function isPart(
  { event: { stream, revision, data, metadata } }: SequencedEvent,
  erased: Set<string>,
): boolean {
  if (areWordsGone(metadata)) erased.add(`${stream}@${revision}`);
  if (metadata.schema !== 'outcome-erased@2') return true;
  const named = data.facts['erased'] as readonly number[];
  return named.some((one) => erased.has(`${stream}@${one}`));
}

/** The hashes that stand for the leaves `from` to before `to`, cut at the earlier size. */
function gap(
  subtree: CompleteSubtree,
  { from, to, cut }: { readonly from: number; readonly to: number; readonly cut: number },
): string {
  if (from < cut && cut < to)
    return gap(subtree, { from, to: cut, cut }) + gap(subtree, { from: cut, to, cut });
  const lines = subtreesBetween(from, to).map(({ height, number }) =>
    lineOf({ subtree: { height, number, hash: subtree(height, number).toString('base64') } }),
  );
  return lines.join('');
}

function eventLine(sequenced: SequencedEvent): string {
  const event = cloudEventOf(sequenced) as unknown as BundleEvent;
  return lineOf({ event, leaf: leafHash(entryOf(loggedEventOf(event))).toString('base64') });
}

function lineOf(line: object): string {
  return `${JSON.stringify(line)}\n`;
}
