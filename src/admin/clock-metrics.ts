import { Gauge, type Registry } from 'prom-client'
import type { ClockSkew, ClockState } from './clock-report.ts'

/** Adds the gauges of the clock, which are asked for when they are read. */
export function registerClockMetrics(
  registers: Registry[],
  skews: () => readonly ClockSkew[],
  state: () => ClockState,
): void {
  new Gauge({
    name: 'knoxgate_clock_skew_seconds',
    help: "Samsung's clock minus this one, median of fresh Date headers",
    labelNames: ['host'],
    registers,
    collect() {
      this.reset()
      for (const { host, skewMs } of skews()) this.set({ host }, skewMs / 1000)
    },
  })
  new Gauge({
    name: 'knoxgate_clock_correction_seconds',
    help: "What is added to the time in what is signed, so that it is right by Samsung's clock",
    registers,
    collect() {
      this.set(state().correctionMs / 1000)
    },
  })
  new Gauge({
    name: 'knoxgate_clock_beyond_limit',
    help: "1 when this clock and Samsung's differ by too much to be corrected",
    registers,
    collect() {
      this.set(state().beyondLimit ? 1 : 0)
    },
  })
}
