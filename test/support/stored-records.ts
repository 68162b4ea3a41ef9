import { describe, expect, it } from '@jest/globals'
import { ServiceError } from '../../src/shared/errors.ts'
import { describeReaders } from './hostile-input.ts'

/** A document as it is stored. */
export interface StoredSort {
  readonly name: string
  /** @throws ServiceError `record_unreadable` */
  readonly parse: (text: string) => unknown
  readonly examples: readonly unknown[]
}

const isUnreadable = (error: unknown): boolean =>
  error instanceof ServiceError && error.code === 'record_unreadable'

/** Tests that whatever stands in the store is read as it was written, or said to be unreadable. */
export function describeRecords(sorts: readonly StoredSort[]): void {
  describeReaders(
    sorts.map(({ name, parse, examples }) => ({
      name,
      read: parse,
      good: examples.map((example) => JSON.stringify(example)),
      declares: isUnreadable,
    })),
  )

  describe.each(sorts.map((sort) => [sort.name, sort] as const))('%s', (_, { parse, examples }) => {
    it('is read as it was written', () => {
      for (const example of examples) {
        const read = parse(JSON.stringify(example))
        expect(read).toEqual(example)
        expect(parse(JSON.stringify(read))).toEqual(read)
      }
    })
  })
}
