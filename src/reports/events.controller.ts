/** Auditors read the ledger in order: in pages, whole as NDJSON, live, or only the events of one programme. */
import { BadParameter } from '../api/bad-parameter.js';
import {
  Controller,
  Get,
  Headers,
  Param,
  Query,
  Req,
  Res,
  type BeforeApplicationShutdown,
} from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { setMaxListeners } from 'node:events';
import { Readable } from 'node:stream';
import { Call, Tagged } from '../api/call.js';
import { Problem } from '../api/problem.js';
import { Refused, thereIsNo } from '../kernel/refusals.js';
import { OWN_EVENT_TYPES } from '../domain/upcast.js';
import { measuresOfType } from '../read-models/catalogue.js';
import { CatalogueView } from '../read-models/catalogue-view.js';
import { ReadModels } from '../read-models/read-models.js';
import { Clock } from '../kernel/clock.js';
import { cloudEventOf } from '../api/cloud-event.js';
import { eventLines, liveEvents } from './event-streams.js';
import { EventsPage } from '../api/event.views.js';
import { pageLimit } from '../api/query.dto.js';
import { History, type HistoryQuery } from '../read-models/history.js';
import { parseMoment } from '../figures/moment.js';
import * as calls from './reports.calls.js';
import { EventsQueryDto, HistoryQueryDto, StreamQueryDto } from './reports.dto.js';

@Tagged('History')
@Controller('v1')
export class EventsController implements BeforeApplicationShutdown {
  private readonly closing = new AbortController();

  constructor(
    private readonly history: History,
    private readonly readModels: ReadModels,
    private readonly catalogue: CatalogueView,
    private readonly clock: Clock,
  ) {
    // Every open stream listens to this signal, so more than ten listeners are no leak.
    setMaxListeners(0, this.closing.signal);
  }

  @Get('events')
  @Call(calls.events)
  listEvents(@Query() query: EventsQueryDto): Promise<EventsPage> {
    return this.page(this.question(query));
  }

  @Get('events.ndjson')
  @Call(calls.eventLines)
  readEventLines(@Query() query: EventsQueryDto, @Res({ passthrough: true }) reply: FastifyReply): Readable {
    const question = this.question(query);
    void reply.type('application/x-ndjson');
    const limit = query.limit === undefined ? Infinity : question.limit;
    return Readable.from(eventLines(this.history, question, limit), { objectMode: false });
  }

  @Get('events/stream')
  @Call(calls.stream)
  streamEvents(
    @Query() { after, programme, type }: StreamQueryDto,
    @Headers('last-event-id') lastEventId: string | undefined,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Readable {
    if (lastEventId !== undefined && !(/^\d{1,16}$/.test(lastEventId) && this.isReached(lastEventId))) {
      throw new Problem('bad-header', 'Last-Event-ID must be the id of an event that this stream sent');
    }
    const from = lastEventId ?? this.afterOf(after);
    this.refuseUnknown(programme, type);
    void reply.type('text/event-stream').header('x-accel-buffering', 'no');
    const events = liveEvents(this.history, this.readModels, {
      after: Number(from),
      programme,
      type,
      signal: this.closing.signal,
      isStillLetIn: () => request.isStillLetIn(),
    });
    // One page of events and the socket's own buffer are all that a slow reader takes up.
    return Readable.from(events, { objectMode: false, highWaterMark: 16_384 });
  }

  @Get('programmes/:id/history')
  @Call(calls.programmeHistory)
  programmeHistory(@Param('id') id: string, @Query() query: HistoryQueryDto): Promise<EventsPage> {
    if (!this.catalogue.find('programme', id)) {
      throw new Refused(thereIsNo('programme'));
    }
    return this.page({ ...this.question(query), programme: id });
  }

  /** Ends the live streams, which would keep the server from closing. */
  beforeApplicationShutdown(): void {
    this.closing.abort();
  }

  private question({ after, until, limit, programme, type }: EventsQueryDto): HistoryQuery {
    const { views, progress } = this.readModels;
    this.refuseUnknown(programme, type);
    const last =
      until === undefined
        ? progress.sequence
        : parseMoment(views, { parameter: 'until', text: until }, this.clock.now()).sequence;
    return {
      after: this.afterOf(after),
      until: last,
      programme,
      type,
      limit: pageLimit(limit),
    };
  }

  /**
   * Refuses a sequence that was never given out: it comes from another ledger, or from this one before it was restored.
   */
  private afterOf(text: string | undefined): number {
    if (text === undefined) return -1;
    if (!this.isReached(text)) {
      const { sequence } = this.readModels.progress;
      throw new BadParameter(`after ${text} is not reached: the ledger stands at ${sequence}`, 'after');
    }
    return Number(text);
  }

  private isReached(sequence: string): boolean {
    return Number(sequence) <= this.readModels.progress.sequence;
  }

  /** Refuses what there is not: a misspelt name would otherwise look like a programme or a type without events. */
  private refuseUnknown(programme: string | undefined, type: string | undefined): void {
    if (programme !== undefined && !this.catalogue.find('programme', programme))
      throw new Refused(thereIsNo('programme', programme));
    if (type === undefined || OWN_EVENT_TYPES.has(type)) return;
    if (measuresOfType(this.readModels.views, type).length === 0)
      throw new BadParameter(`there are no events of the type ${type}: no measure has it`, 'type');
  }

  private async page(question: HistoryQuery): Promise<EventsPage> {
    const { events, next } = await this.history.page(question);
    return { events: events.map(cloudEventOf), next };
  }
}
