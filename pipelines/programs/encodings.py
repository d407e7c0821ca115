from forkline import queue


def view():
    lines, findings = queue("lines"), queue("findings")
    for step, picture in enumerate(queue("pictures")):
        assert picture == bytes((index + step) % 256 for index in range(256)), f"picture {step} is not what was painted"
        findings.put({"colours": set(picture), "centre": complex(step, picture[0])})
    lines.put(b"\xff\x00\x80")


def judge():
    found = list(queue("findings"))
    assert all(finding["colours"] == set(range(256)) for finding in found)
    print(f"{len(found)} pictures, centres {sum(finding['centre'] for finding in found)}")
