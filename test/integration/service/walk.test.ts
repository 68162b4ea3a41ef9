import { describe } from '@jest/globals'
import { wholeJob } from './whole-job.ts'

describe('the whole job, run from the sources', () => wholeJob({}))
