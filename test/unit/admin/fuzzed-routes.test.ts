import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { Express } from 'express'
import { FUZZ_ROUTES } from '../../../chaos/fuzz/routes.ts'
import { createRealApp, type RealApp } from '../portal/support/real-app.ts'
import { routesOf } from '../portal/support/routes-of.ts'

let real: RealApp

beforeAll(async () => {
  real = await createRealApp()
})
afterAll(() => real?.close())

/** Names in braces are another matter. */
const bare = (route: string): string => route.replace(/\{\w+\}/g, '{}')

/** Files have no methods of their own in the router. */
const isFile = (route: string): boolean => route.includes('/assets/')

const fuzzed = (listener: string): readonly string[] =>
  FUZZ_ROUTES.filter((one) => one.listener === listener)
    .flatMap(({ methods, path }) => methods.map((method) => bare(`${method} ${path}`)))
    .filter((route) => !isFile(route))

it.each(['public', 'admin'])('every route of the %s listener is fuzzed', (listener) => {
  const app: Express = listener === 'public' ? real.app : real.admin
  const there = routesOf(app).map(bare)

  expect([...fuzzed(listener)].sort()).toEqual([...there].sort())
})
