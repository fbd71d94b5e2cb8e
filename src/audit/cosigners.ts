/**
 * Asks outside witnesses to cosign checkpoints (C2SP tlog-witness). Their addresses come from configuration only.
 * A witness that does not answer in time is left out of the checkpoint, and asked again for the next one.
 */
import { Logger } from '@nestjs/common';
import { readFileSync } from 'node:fs';
import { fetchAtMost } from '../kernel/bounded-fetch.js';
import { parseCheckpoint } from '../tlog/checkpoint.js';
import type { Hash } from '../tlog/merkle.js';
import { parseNote, parseVerifierKey, verifiedSignatures, type VerifierKey } from '../tlog/note.js';
import { addCheckpointBody, originHash } from '../tlog/witness.js';

const ANSWER_MS_MAX = 2_000;
const ANSWER_BYTES_MAX = 64 * 1024;

interface KnownWitness {
  readonly key: VerifierKey;
  readonly url: string;
  /** The size of the checkpoint that the witness cosigned last, as far as the ledger knows. */
  size: number;
}

export interface Cosigned {
  readonly lines: string;
  /** Checkpoints that the witnesses which refused to cosign say they cosigned last. */
  readonly lasts: readonly string[];
}

/** A witness answered, and refused. */
class NotCosigned extends Error {}

export class Cosigners {
  private readonly logger = new Logger('Cosigners');

  private constructor(private readonly witnesses: readonly KnownWitness[]) {}

  /**
   * Reads a file with a line for each witness: its verifier key and its address. @throws Error that names the
   * line
   */
  static from(file: string | undefined): Cosigners {
    const text = file === undefined ? '' : readFileSync(file, 'utf8');
    const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim());
    const witnesses = lines.flatMap((line, index) => {
      if (line === '') return [];
      const [key, url, ...more] = line.split(/\s+/);
      if (url === undefined || more.length > 0 || !URL.canParse(url)) {
        throw new Error(`${file} line ${index + 1} must be a verifier key and an address`);
      }
      return [{ key: parseVerifierKey(key!), url: url.replace(/\/+$/, ''), size: 0 }];
    });
    return new Cosigners(witnesses);
  }

  async cosign(checkpoint: string, proofFrom: (earlier: number) => readonly Hash[]): Promise<Cosigned> {
    const lasts: string[] = [];
    const lines = await Promise.all(
      this.witnesses.map(async (witness) => {
        try {
          return await this.ask(witness, checkpoint, proofFrom);
        } catch (error) {
          this.logger.warn(`${witness.key.name} did not cosign: ${(error as Error).message}`);
          if (error instanceof NotCosigned)
            lasts.push(await this.lastOf(witness, checkpoint).catch(() => ''));
          return '';
        }
      }),
    );
    return { lines: lines.join(''), lasts: lasts.filter((text) => text !== '') };
  }

  /** Asks for what a witness that did not cosign has seen of this log: it may be another history. */
  private async lastOf({ url }: KnownWitness, checkpoint: string): Promise<string> {
    const { origin } = parseCheckpoint(checkpoint);
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    const answer = await fetchAtMost(ANSWER_BYTES_MAX, `${url}/${originHash(origin)}/checkpoint`, { signal });
    return answer.ok ? answer.text() : '';
  }

  private async ask(
    witness: KnownWitness,
    checkpoint: string,
    proofFrom: (earlier: number) => readonly Hash[],
  ): Promise<string> {
    const { note, size } = parseCheckpoint(checkpoint);
    const signal = AbortSignal.timeout(ANSWER_MS_MAX);
    // A ledger that was restarted does not know which size the witness cosigned last; the first answer tells it.
    for (let asked = 0; asked < 2; asked++) {
      const body = addCheckpointBody(witness.size, proofFrom(witness.size), checkpoint);
      const answer = await fetchAtMost(ANSWER_BYTES_MAX, `${witness.url}/add-checkpoint`, {
        method: 'POST',
        body,
        signal,
      });
      const text = await answer.text();
      if (answer.status === 409 && /^\d{1,16}\n$/.test(text) && Number(text) <= Number(size)) {
        witness.size = Number(text);
        continue;
      }
      if (answer.status !== 200) throw new NotCosigned(`${answer.status} ${text.trim().slice(0, 200)}`);
      const cosigned = parseNote(`${note.text}\n${text}`);
      if (verifiedSignatures(cosigned, [witness.key]).length === 0)
        throw new Error('its answer has no signature by its configured key');
      witness.size = Number(size);
      // Nothing else of the answer is kept: only what was verified is shown to others.
      const { name, id } = witness.key;
      return `${cosigned.signatures.find((one) => one.name === name && one.id === id)!.line}\n`;
    }
    throw new NotCosigned(
      `it does not say which checkpoint of ${note.text.split('\n', 1)[0]} it cosigned last`,
    );
  }
}
