CREATE TABLE "learner" (
    "id" TEXT NOT NULL,
    "kind" TEXT NOT NULL DEFAULT 'guest',
    "role" TEXT NOT NULL DEFAULT 'learner',
    "created_at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "learner_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "learner_kind_check" CHECK ("kind" IN ('guest', 'account')),
    CONSTRAINT "learner_role_check" CHECK ("role" IN ('learner', 'instructor', 'admin'))
);

CREATE TABLE "attempt" (
    "id" TEXT NOT NULL,
    "learner_id" TEXT NOT NULL,
    "lab" TEXT NOT NULL,
    "lab_version" TEXT NOT NULL,
    "replay_version" INTEGER NOT NULL,
    "header" TEXT NOT NULL,
    "task" INTEGER NOT NULL DEFAULT 0,
    "up_to" INTEGER NOT NULL DEFAULT 0,
    "characters" INTEGER NOT NULL DEFAULT 0,
    "checked_up_to" INTEGER NOT NULL DEFAULT 0,
    "writer" TEXT,
    "writer_until" TIMESTAMP(3),
    "opened_at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "changed_at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "closed_at" TIMESTAMP(3),
    CONSTRAINT "attempt_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "attempt_learner_id_fkey" FOREIGN KEY ("learner_id") REFERENCES "learner"("id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "attempt_learner_id_lab_idx" ON "attempt"("learner_id", "lab");
-- One open attempt per learner and lab. Prisma's schema language cannot say this.
CREATE UNIQUE INDEX "attempt_open_key" ON "attempt"("learner_id", "lab") WHERE "closed_at" IS NULL;

CREATE TABLE "journal_piece" (
    "id" BIGSERIAL NOT NULL,
    "attempt_id" TEXT NOT NULL,
    "from_sequence" INTEGER NOT NULL,
    "up_to" INTEGER NOT NULL,
    "entries" TEXT NOT NULL,
    "created_at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "journal_piece_pkey" PRIMARY KEY ("id"),
    CONSTRAINT "journal_piece_attempt_id_fkey" FOREIGN KEY ("attempt_id") REFERENCES "attempt"("id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "journal_piece_attempt_id_from_sequence_key" ON "journal_piece"("attempt_id", "from_sequence");

CREATE TABLE "keyframe" (
    "attempt_id" TEXT NOT NULL,
    "up_to" INTEGER NOT NULL,
    "files" TEXT NOT NULL,
    "solved" TEXT NOT NULL,
    "created_at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT "keyframe_pkey" PRIMARY KEY ("attempt_id"),
    CONSTRAINT "keyframe_attempt_id_fkey" FOREIGN KEY ("attempt_id") REFERENCES "attempt"("id") ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE TABLE "task_progress" (
    "learner_id" TEXT NOT NULL,
    "lab" TEXT NOT NULL,
    "task" TEXT NOT NULL,
    "started_at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "hints_taken" INTEGER NOT NULL DEFAULT 0,
    "solved_at" TIMESTAMP(3),
    "verified_at" TIMESTAMP(3),
    CONSTRAINT "task_progress_pkey" PRIMARY KEY ("learner_id", "lab", "task"),
    CONSTRAINT "task_progress_learner_id_fkey" FOREIGN KEY ("learner_id") REFERENCES "learner"("id") ON DELETE CASCADE ON UPDATE CASCADE
);
