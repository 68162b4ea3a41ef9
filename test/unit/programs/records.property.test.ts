import { NO_PROMOTIONS, parsePromotionBook } from '../../../src/programs/promotions.ts'
import { describeRecords } from '../../support/stored-records.ts'

describeRecords([
  {
    name: 'which Client Identifier is in use',
    parse: parsePromotionBook,
    examples: [
      NO_PROMOTIONS,
      {
        ...NO_PROMOTIONS,
        promotions: [{ program: 'emm-eu', active: 'a', refused: 'b', by: 'write-1', at: 1 }],
      },
    ],
  },
])
