"""What tests share: no test module imports another one, they meet here.

The run: `clock`, `environment`, `moments`, `system_clock`, `start` (in every child's PYTHONPATH).
Jobs: `sample_jobs` (at a fixed moment), `job_states` (every way), `stored_jobs` (on the disk).
Servers: `raw_server` (scripted bytes), `fault_server` (faults by prompt), `lossy_server`,
`untrusted_server`, `simulator_process` (the real one), `server_answers` (of each known server).
Programs: `shell` (a command), `pty_session` (on a terminal), `installed_program` (with faults),
`child_processes`, `processes`. The screen in this process: `tui`.
"""
