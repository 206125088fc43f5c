import { openEmbedded } from './db.ts';
import { apiCases } from './testing/api-cases.ts';

apiCases(() => openEmbedded());
