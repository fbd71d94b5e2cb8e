/**
 * What the server knows of one stream: which events of the log are its own, and what its metadata says of them.
 *
 * A deleted stream is one whose metadata hides all there is (`$tb` at the highest revision): its revisions go on
 * when it is written to again. A tombstoned stream is over for good.
 */

/** 2^63 − 1, the highest revision, which only the event that ends a stream for good has. */
export const TOMBSTONE_REVISION = Number.POSITIVE_INFINITY;
export const HIGHEST_REVISION = '9223372036854775807';

export const isMetastream = (name: string) => name.startsWith('$$');

export class StreamState {
  /** Of the stream's events in the log, by revision. */
  readonly indexes: number[] = [];
  tombstoned = false;
  private truncateBefore = 0;
  private maxCount: number;

  constructor(name: string) {
    // Only the latest metadata counts.
    this.maxCount = isMetastream(name) ? 1 : Number.POSITIVE_INFINITY;
  }

  /** Of the last event that was ever written; −1 when there is none. */
  get lastRevision(): number {
    return this.indexes.length - 1;
  }

  get softDeleted(): boolean {
    return this.truncateBefore >= Number(HIGHEST_REVISION);
  }

  /** Reading finds nothing: it was never written, or is deleted. */
  get notFound(): boolean {
    return this.indexes.length === 0 || this.softDeleted;
  }

  /** The first revision that reading still shows. */
  get firstRevision(): number {
    return Math.max(this.truncateBefore, this.indexes.length - this.maxCount, 0);
  }

  applyMetadata(data: Uint8Array): void {
    const metadata = parsed(data);
    this.truncateBefore = numberIn(metadata, '$tb') ?? 0;
    this.maxCount = numberIn(metadata, '$maxCount') ?? Number.POSITIVE_INFINITY;
  }
}

/** Metadata that is not JSON says nothing, as in the server. */
function parsed(data: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    return (JSON.parse(Buffer.from(data).toString('utf8')) ?? {}) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}

function numberIn(metadata: Readonly<Record<string, unknown>>, key: string): number | undefined {
  const value = metadata[key];
  return typeof value === 'number' ? value : undefined;
}
