import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { canonical } from '../../../src/audit/entry.ts'
import { exportLine, readLine } from '../../../src/audit/entry-line.ts'
import { describeReaders } from '../../support/hostile-input.ts'
import { chainOf } from './support/chains.ts'

const lines = chainOf('a', 3).map(canonical)

describeReaders([
  { name: 'readLine', read: readLine, good: [...lines, exportLine('1-0', lines[0] ?? '')] },
])

describe('a line of an export', () => {
  it('is as it was written, whatever its place in the stream is called', () => {
    fc.assert(
      fc.property(fc.constantFrom(...lines), fc.string({ unit: 'binary' }), (line, id) => {
        expect(readLine(exportLine(id, line))?.isAsWritten).toBe(true)
      }),
    )
  })
})
