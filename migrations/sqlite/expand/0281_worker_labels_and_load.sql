-- What a worker is started with, a JSON list of texts; and what its process and the programs that it runs use of
-- the machine. An older version writes none of them.
ALTER TABLE worker_processes ADD COLUMN labels TEXT;
ALTER TABLE worker_processes ADD COLUMN memory_bytes INTEGER;
ALTER TABLE worker_processes ADD COLUMN cpu_share REAL;
ALTER TABLE worker_processes ADD COLUMN programs_memory_bytes INTEGER;
ALTER TABLE worker_processes ADD COLUMN programs_cpu_share REAL;
