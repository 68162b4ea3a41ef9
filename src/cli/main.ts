#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { runCli } from './cli.ts'

/** `src/cli` and `dist/cli` are equally deep. */
const packageFile = new URL('../../package.json', import.meta.url)
const { version } = JSON.parse(readFileSync(packageFile, 'utf8')) as { readonly version: string }

process.exitCode = await runCli(process.argv.slice(2), version, {
  env: process.env,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  clock: Date.now,
  nodeVersion: process.versions.node,
})
