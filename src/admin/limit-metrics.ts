import { Counter, Gauge, type Registry } from 'prom-client'
import { LIMITS } from '../limits/limiter.ts'
import { type LimitMetrics, SHED_REASONS } from '../limits/refusals.ts'

/** Registers the metrics of what callers may do. @param inWork - Requests in work now. */
export function registerLimitMetrics(registers: Registry[], inWork: () => number): LimitMetrics {
  const limited = new Counter({
    name: 'knoxgate_rate_limited_total',
    help: 'Requests that were refused because they were too many, by limit',
    labelNames: ['limit'],
    registers,
  })
  const shed = new Counter({
    name: 'knoxgate_requests_shed_total',
    help: 'Requests that were refused because there was no room for them, by reason',
    labelNames: ['reason'],
    registers,
  })
  new Gauge({
    name: 'knoxgate_requests_in_work',
    help: 'Requests of the public listener that are being worked on',
    registers,
    collect() {
      this.set(inWork())
    },
  })
  for (const limit of LIMITS) limited.inc({ limit }, 0)
  for (const reason of SHED_REASONS) shed.inc({ reason }, 0)

  return {
    limited: (limit) => limited.inc({ limit }),
    shed: (reason) => shed.inc({ reason }),
  }
}
