/**
 * Runs a piece of work as a span of a trace. Where no traces are made, only this file and the interfaces of
 * OpenTelemetry are loaded (src/operation/tracing.ts loads the rest).
 *
 * A span has its duration, and the kind of a fault, but neither names nor messages: other systems keep traces, for
 * other readers than those of the outcomes.
 */
import { SpanStatusCode, trace, type Attributes, type Tracer } from '@opentelemetry/api';

let tracer: Tracer | null = null;

export function traceWith(made: Tracer | null): void {
  tracer = made;
}

/** Work that the ledger does by itself, without a request, is in no trace. */
export function inSpan<Result>(
  name: string,
  attributes: Attributes,
  work: () => Promise<Result>,
): Promise<Result> {
  if (tracer === null || !trace.getActiveSpan()) return work();
  return tracer.startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work();
    } catch (error) {
      const kind = (error as Error).name;
      span.setStatus({ code: SpanStatusCode.ERROR }).setAttribute('error.type', kind);
      throw error;
    } finally {
      span.end();
    }
  });
}
