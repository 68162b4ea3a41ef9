import { newProgramRecord, parseProgramRecord } from '../../../src/breaker/breaker-record.ts'
import { describeRecords } from '../../support/stored-records.ts'

describeRecords([
  {
    name: 'what replicas know of a program',
    parse: parseProgramRecord,
    examples: [newProgramRecord('emm-eu')],
  },
])
