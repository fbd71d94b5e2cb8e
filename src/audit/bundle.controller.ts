/** The call by which auditors take events away, with everything that is needed to check them offline. */
import { BadParameter } from '../api/bad-parameter.js';
import { Controller, Get, Query, Res } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import type { FastifyReply } from 'fastify';
import { Readable } from 'node:stream';
import { notAllowed, type ProgrammeScope } from '../domain/role.js';
import { Call, Tagged } from '../api/call.js';
import { Within } from '../api/provenance.js';
import { Refused, thereIsNo } from '../kernel/refusals.js';
import { CatalogueView } from '../read-models/catalogue-view.js';
import { ReadModels } from '../read-models/read-models.js';
import { parseMoment } from '../figures/moment.js';
import * as calls from './audit.calls.js';
import { ProofQueryDto } from '../figures/figures.dto.js';
import { BundleQueryDto } from './audit.dto.js';
import type { BundleScope } from '../checker/bundle-format.js';
import { Bundles, type BundleQuery } from './bundle.js';
import { ProveFigure } from './figure-proof.js';

/** Parameters that only a bundle of figures takes. */
const FIGURE_PARAMETERS = [
  'organisation',
  'from',
  'to',
  'asAt',
  'asAtSequence',
  'allowBreaks',
  'whole',
] as const;

@Tagged('Audit')
@Controller('v1')
export class BundleController {
  constructor(
    private readonly bundles: Bundles,
    private readonly readModels: ReadModels,
    private readonly catalogue: CatalogueView,
    private readonly queries: QueryBus,
  ) {}

  @Get('audit/bundle')
  @Call(calls.bundle)
  async readBundle(
    @Query() query: BundleQueryDto,
    @Within() within: ProgrammeScope,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Readable> {
    if (within && query.whole === 'true')
      throw notAllowed('whole=true asks for the events of every programme');
    const since = Number(query.since ?? 0);
    const size = this.readModels.progress.sequence + 1;
    if (since > size) throw new BadParameter(`the log has ${size} entries, not ${since}`, 'since');
    return this.send({ ...(await this.question(query)), since }, reply);
  }

  @Get('figures/proof')
  @Call(calls.figureProof)
  async proveFigure(
    @Query() query: ProofQueryDto,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Readable> {
    return this.send({ ...(await this.queries.execute(new ProveFigure(query))), since: 0 }, reply);
  }

  private async send(query: BundleQuery, reply: FastifyReply): Promise<Readable> {
    const lines = await this.bundles.of(query);
    void reply.type('application/x-ndjson');
    return Readable.from(lines, { objectMode: false });
  }

  private async question(query: BundleQueryDto): Promise<Omit<BundleQuery, 'since'>> {
    const { measure, programme, after, until, since: _, minSequence: _m, whole, ...figure } = query;
    const isPeriod = after !== undefined || until !== undefined;
    if (measure !== undefined && !isPeriod) {
      const asked = { measure, ...(programme !== undefined && { programme }), ...figure };
      const proof = await this.queries.execute(new ProveFigure(asked));
      return whole === 'true' ? { scope: { kind: 'everything' }, figure: proof.figure! } : proof;
    }
    const stray =
      isPeriod && measure !== undefined ? 'measure' : FIGURE_PARAMETERS.find((name) => name in query);
    if (stray !== undefined)
      throw new BadParameter(`${stray} belongs to a figure: name a measure with it, and no period`, stray);
    if (isPeriod && programme !== undefined) {
      throw new BadParameter('a bundle is of a programme or of a period: name one of them', 'programme');
    }
    return { scope: this.scopeOf(query) };
  }

  private scopeOf({ programme, after, until }: BundleQueryDto): BundleScope {
    if (programme !== undefined) {
      if (this.catalogue.find('programme', programme)) return { kind: 'programme', programme };
      throw new Refused(thereIsNo('programme', programme));
    }
    if (after === undefined && until === undefined) return { kind: 'everything' };
    const { views, progress } = this.readModels;
    const last =
      until === undefined
        ? progress.sequence
        : parseMoment(views, { parameter: 'until', text: until }, Date.now()).sequence;
    const first = Number(after ?? -1);
    if (last < first)
      throw new BadParameter(`a period that begins after sequence ${first} cannot end at ${last}`, 'until');
    return { kind: 'period', after: first, until: last };
  }
}
