import { UsageError } from '../../../src/cli/io.ts'
import { checkId, readList, readScopes, readSeconds } from '../../../src/cli/options.ts'
import { describeReaders } from '../../support/hostile-input.ts'

const isUsage = (error: unknown): boolean => error instanceof UsageError

describeReaders([
  { name: 'checkId', read: (text) => checkId('--id', text), good: ['acme-1'], declares: isUsage },
  { name: 'readList', read: readList, good: ['a, b,a', ''] },
  { name: 'readScopes', read: readScopes, good: ['tokens,connect'], declares: isUsage },
  {
    name: 'readSeconds',
    read: (text) => readSeconds('--after', text),
    good: ['0', '90s', '30d'],
    declares: isUsage,
  },
])
