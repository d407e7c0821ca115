from forkline import process_of


def usher() -> None:
    encore, clock, judge = process_of("encore"), process_of("clock"), process_of("judge")
    encore.terminate()
    encore.join()
    print("the encore is cancelled:", encore.pid, encore.exitcode)
    clock.kill()
    clock.join(timeout=30)
    print("the clock was killed:", clock.exitcode)
    judge.join()
    print("the judge is done:", judge.exitcode)
