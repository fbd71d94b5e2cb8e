/**
 * Asks a time-stamping authority (RFC 3161) to stamp each checkpoint. Its address comes from configuration only.
 * Where the authority does not answer in time the checkpoint has no time stamp, and it is asked again for the
 * next one.
 */
import { Logger } from '@nestjs/common';
import { randomBytes } from 'node:crypto';
import { fetchAtMost } from '../kernel/bounded-fetch.js';
import { parseNote } from '../tlog/note.js';
import { BadTimeStamp, timeStampRequest, tokenIn, verifyTimeStamp } from '../tlog/timestamp.js';

const ANSWER_MS_MAX = 2_000;
const ANSWER_BYTES_MAX = 64 * 1024;

export class TimeStamper {
  private readonly logger = new Logger('TimeStamper');

  constructor(private readonly url: string | undefined) {}

  /** Stamps the text that is signed. @returns the token, base64; null where there is none */
  async stamp(checkpoint: string): Promise<string | null> {
    if (this.url === undefined) return null;
    try {
      return await this.ask(this.url, parseNote(checkpoint).text);
    } catch (error) {
      this.logger.warn(`no time stamp from ${this.url}: ${(error as Error).message}`);
      return null;
    }
  }

  private async ask(url: string, text: string): Promise<string> {
    const nonce = randomBytes(8);
    // The nonce must be a positive number that DER writes in all of its bytes.
    nonce[0] = 1 + (nonce[0]! % 127);
    const answer = await fetchAtMost(ANSWER_BYTES_MAX, url, {
      method: 'POST',
      headers: { 'content-type': 'application/timestamp-query' },
      body: timeStampRequest(text, nonce),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    if (answer.status !== 200) throw new Error(`it answered ${answer.status}`);
    const response = Buffer.from(await answer.arrayBuffer());
    const token = tokenIn(response);
    if (!verifyTimeStamp(token, text).nonce?.equals(nonce))
      throw new BadTimeStamp('it answers another question');
    return token.toString('base64');
  }
}
