import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe } from '@jest/globals'
import { wholeJob } from './whole-job.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const BUILD_MS = 60_000

beforeAll(async () => {
  await promisify(execFile)(process.execPath, ['scripts/build.mjs'], { cwd: ROOT })
}, BUILD_MS)

describe('the whole job, built and in strict mode as in production', () =>
  wholeJob({
    entry: 'dist/main.js',
    redisArgs: ['--appendonly', 'yes'],
    env: {
      KNOXGATE_MODE: 'strict',
      NODE_ENV: 'production',
    },
  }))
