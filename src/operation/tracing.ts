/**
 * Traces of requests for a collector that speaks OTLP over HTTP, made where one is configured: this file, and the SDK
 * with it, is loaded only then. The SDK's own variables say where to and how many (docs/operating.md).
 *
 * A request that was let in is a span: of its caller's trace where it brings a `traceparent`. Its appends and its
 * waits for the read models are spans within (store/in-span.ts). They name methods, routes and statuses; no address
 * with its ids and questions, no body, no key. Spans that no collector takes in time are dropped, and nothing waits.
 */
import { Logger } from '@nestjs/common';
import {
  context,
  diag,
  DiagLogLevel,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { traceWith } from '../store/in-span.js';
import { VERSION } from '../kernel/version.js';

/** Of the last spans, at the end of the process: a collector that is gone must not keep it. */
const CLOSE_MS_MAX = 1_000;
/** What asks every few seconds, and would bury the rest. */
const UNTRACED = /^\/(health\/|metrics$)/;

export function traceRequests(fastify: FastifyInstance): void {
  const provider = startProvider();
  const tracer = provider.getTracer('outcome-ledger', VERSION);
  const contexts = new WeakMap<FastifyRequest, Context>();
  traceWith(tracer);

  fastify.addHook('onRequest', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    if (UNTRACED.test(route)) return done();
    const parent = propagation.extract(ROOT_CONTEXT, request.headers);
    const options = {
      kind: SpanKind.SERVER,
      startTime: Date.now() - reply.elapsedTime,
      attributes: {
        'http.request.method': request.method,
        'http.route': route,
        // As in the log, the answer and the events that it recorded.
        'ledger.request_id': request.id,
      },
    };
    const span = tracer.startSpan(`${request.method} ${route}`, options, parent);
    contexts.set(request, trace.setSpan(parent, span));
    done();
  });
  // What was entered before the body was read is lost by then: bodies come with the events of the socket.
  fastify.addHook('preValidation', (request, _reply, done) => {
    context.with(contexts.get(request) ?? ROOT_CONTEXT, done);
  });
  fastify.addHook('onResponse', (request, { statusCode }, done) => {
    const entered = contexts.get(request);
    const span = entered && trace.getSpan(entered);
    span?.setAttribute('http.response.status_code', statusCode);
    if (statusCode >= 500) span?.setStatus({ code: SpanStatusCode.ERROR });
    span?.end();
    done();
  });
  fastify.addHook('onClose', async () => {
    traceWith(null);
    await inTime(provider.shutdown());
  });
}

function startProvider(): NodeTracerProvider {
  const logger = new Logger('Traces');
  const say = (message: string) => logger.warn(message);
  const nothing = () => undefined;
  diag.setLogger(
    { error: say, warn: say, info: nothing, debug: nothing, verbose: nothing },
    { logLevel: DiagLogLevel.WARN },
  );
  const named = resourceFromAttributes({ 'service.name': 'outcome-ledger', 'service.version': VERSION });
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(named)
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter())],
  });
  provider.register();
  return provider;
}

async function inTime(work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, CLOSE_MS_MAX);
  });
  // What could not be sent is said by the SDK; the ledger has ended well without it.
  await Promise.race([work.catch(() => undefined), late]);
  clearTimeout(timer);
}
