/**
 * Writes the answer of one streaming call, no faster than the client takes it, until it ends, is given up, or a
 * fault strikes.
 */
import type { ReadReq } from '@eventstore/db-client/generated/streams_pb.js';
import type { ServerWritableStream } from '@grpc/grpc-js';
import type { ReadResponse } from './encoded-events.js';
import type { FaultedCall, Strike } from './faults.js';
import type { RpcError } from './rpc-errors.js';

export class ResponseWriter {
  private ended = false;
  private readonly endings = new Set<() => void>();

  constructor(
    private readonly call: ServerWritableStream<ReadReq, ReadResponse>,
    private readonly faulted: FaultedCall,
    private readonly strike: Strike | null,
  ) {
    const end = () => {
      this.ended = true;
      for (const tell of [...this.endings]) tell();
    };
    call.on('cancelled', end);
    call.on('close', end);
    call.on('finish', end);
  }

  get open(): boolean {
    return !this.ended && !this.call.cancelled;
  }

  /**
   * Resolves when there is room for more. Only messages that are a step of the call meet its fault.
   * @returns whether the call goes on
   */
  async send(message: ReadResponse, step?: 'step'): Promise<boolean> {
    if (step && (await this.struck())) return false;
    if (!this.open) return false;
    if (!this.call.write(message)) await this.until((wake) => this.call.once('drain', wake));
    return this.open;
  }

  /** A fault after as many steps as there are events strikes at the end. */
  async end(): Promise<void> {
    if (await this.struck()) return;
    if (this.open) this.call.end();
  }

  fail(error: RpcError): void {
    this.faulted.fail(error);
  }

  /** Whether the fault of the call strikes now. */
  private async struck(): Promise<boolean> {
    if (!this.open || !(await this.strike?.before(this.faulted))) return false;
    this.ended = true;
    return true;
  }

  /** Waits for what `arrange` calls back at, or for the end of the call. */
  async until(arrange: (wake: () => void) => unknown): Promise<void> {
    if (!this.open) return;
    await new Promise<void>((resolve) => {
      const wake = () => {
        this.endings.delete(wake);
        resolve();
      };
      this.endings.add(wake);
      arrange(wake);
    });
  }
}
