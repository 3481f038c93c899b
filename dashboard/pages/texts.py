"""Every sentence of the page, in English and Korean.

A text names its arguments: `texts("tasks-run", running=3, total=14)`. Flink's words (TaskManager, checkpoint) stay as
the field writes them; in Korean, as the seed wrote them.
"""

from __future__ import annotations

from typing import Final, Literal

Language = Literal["en", "ko"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "ko")

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    # Units
    "unit-ms": ("ms", "ms"),
    "unit-s": ("s", "초"),
    "unit-min": ("min", "분"),
    "unit-h": ("h", "시간"),
    "unit-d": ("d", "일"),
    "per-second": ("{rate}/s", "{rate}/초"),
    # Frame
    "title": ("Abnormal users, live", "이상행동 실시간 모니터링"),
    "page-title": ("flink-abnormal dashboard", "flink-abnormal 대시보드"),
    "other-language": ("한국어", "English"),
    "dark": ("Dark", "어둡게"),
    "light": ("Light", "밝게"),
    "pick-job": ("Job", "Job"),
    "age": ("as of # ago", "# 전 기준"),
    "age-never": ("not known yet", "아직 모름"),
    "link-up": ("connected", "연결됨"),
    "link-connecting": ("looking for a cluster", "클러스터를 찾는 중"),
    "link-electing": ("no leader answers", "리더 응답 없음"),
    "link-gone": ("JobManager gone", "JobManager 연결 끊김"),
    "tab-overview": ("Overview", "개요"),
    "tab-jobs": ("Jobs and tasks", "Job과 태스크"),
    "tab-alerts": ("Alerts and log", "알람과 로그"),
    "tab-checkpoints": ("Checkpoints", "체크포인트"),
    "tab-recovery": ("Recovery", "장애 복구"),
    "tab-learn": ("Learn", "학습 다이어그램"),
    "refresh-note": (
        "Flink updates its own figures every {duration}.",
        "Flink 자체 지표는 {duration}마다 갱신됩니다.",
    ),
    # No cluster, no job
    "no-cluster": ("No Flink cluster answers yet", "아직 응답하는 Flink 클러스터가 없습니다"),
    "no-cluster-more": (
        "This page looks for one at {addresses}, and connects by itself when it appears. Start one in a terminal:",
        "이 페이지는 {addresses} 에서 클러스터를 찾고 있으며, 나타나면 스스로 연결됩니다. 터미널에서 시작하세요:",
    ),
    "gone": (
        "No JobManager answers. The figures below are the last ones that were read.",
        "응답하는 JobManager가 없습니다. 아래 값은 마지막으로 읽은 값입니다.",
    ),
    "no-job": ("No job runs on this cluster", "이 클러스터에서 실행 중인 Job이 없습니다"),
    "last-job-finished": (
        "The last one, {name} ({id}), finished at {clock}.",
        "마지막 Job {name} ({id})은 {clock}에 완료되었습니다.",
    ),
    "last-job-canceled": (
        "The last one, {name} ({id}), was cancelled at {clock}; --from latest continues where it stopped.",
        "마지막 Job {name} ({id})은 {clock}에 취소되었습니다. --from latest 로 제출하면 이어서 처리합니다.",
    ),
    "last-job-failed": (
        "The last one, {name} ({id}), failed at {clock}; --from latest continues from its newest checkpoint.",
        "마지막 Job {name} ({id})은 {clock}에 실패했습니다. --from latest 로 제출하면 최신 체크포인트에서 이어서 처리합니다.",
    ),
    "no-job-more": ("Submit one in a terminal; it appears here:", "터미널에서 제출하면 여기에 나타납니다:"),
    "history-error": ("The history is not being kept", "이력이 저장되지 않습니다"),
    # Tiles
    "taskmanagers": ("TaskManagers", "TaskManager"),
    "slots-total": ("Slots", "총 슬롯"),
    "slots-free": ("Free slots", "사용 가능"),
    "slots-used": ("Slots in use", "슬롯 사용률"),
    "jobs-running": ("Running jobs", "실행 중 Job"),
    "checkpoints-total": ("Checkpoints", "총 체크포인트"),
    "checkpoints-completed": ("Completed", "완료"),
    "checkpoints-failed": ("Failed", "실패"),
    # Pictures
    "cluster-picture": ("Cluster", "클러스터 아키텍처"),
    "cluster-aria": (
        "{jobmanagers} JobManagers, {alive} TaskManagers alive, {lost} lost.",
        "JobManager {jobmanagers}개, TaskManager {alive}개 정상, {lost}개 장애.",
    ),
    "leader": ("leads", "리더"),
    "standby": ("standby", "대기"),
    "no-answer": ("no answer", "응답 없음"),
    "alive": ("alive", "정상"),
    "lost": ("lost {duration} ago", "장애 ({duration} 전)"),
    "lost-short": ("lost", "장애"),
    "slot": ("Slot {number}", "슬롯 {number}"),
    "slot-free": ("free", "비어 있음"),
    "pipeline-picture": ("Pipeline", "실시간 스트림 처리 파이프라인"),
    "pipeline-aria": ("The flow: {flow}.", "흐름: {flow}."),
    "key-by": ("key_by (userId)", "KeyBy (userId)"),
    "subtask": ("Subtask {number}", "Task {number}"),
    "many-workers": (
        "More than {limit} nodes: each cell is a TaskManager. Jobs and tasks shows what runs where.",
        "노드가 {limit}개를 넘어 각 칸이 TaskManager 하나입니다. 실행 위치는 Job과 태스크 탭에서 검색하세요.",
    ),
    "many-subtasks": (
        "More than {limit} subtasks: each cell is one. Search them under Jobs and tasks.",
        "서브태스크가 {limit}개를 넘어 각 칸이 서브태스크 하나입니다. Job과 태스크 탭에서 검색하세요.",
    ),
    # Jobs
    "jobs": ("Jobs", "Job 목록"),
    "job-id": ("Job ID", "Job ID"),
    "job-name": ("Name", "이름"),
    "state": ("State", "상태"),
    "started": ("Started", "시작 시간"),
    "uptime": ("Uptime", "실행 시간"),
    "tasks": ("Tasks", "태스크"),
    "tasks-run": ("{running} of {total} run", "{total}개 중 {running}개 실행"),
    "task": ("Task", "태스크"),
    "task-states": ("Tasks", "실시간 태스크 상태"),
    "subtasks": ("Subtasks", "서브태스크"),
    "subtask-number": ("Subtask", "서브태스크"),
    "attempt": ("Attempt", "시도"),
    "partitions": ("Partitions and event time", "파티션과 이벤트 시간"),
    "partition": ("Partition or file", "파티션 또는 파일"),
    "watermark": ("Watermark", "워터마크"),
    "behind": ("Behind the clock", "현재와의 차이"),
    "idle": ("Idle in the last minute", "최근 1분 유휴"),
    "offset": ("Offset read", "읽은 오프셋"),
    "committed": ("Offset committed", "커밋된 오프셋"),
    "holds-back": ("holds event time back", "이벤트 시간을 붙잡는 중"),
    "records-left": ("{number} records left to read", "남은 레코드 {number}개"),
    "no-watermark": ("event time: no watermark yet", "이벤트 시간: 아직 워터마크 없음"),
    "behind-clock": ("event time: {duration} behind the clock", "이벤트 시간: 현재보다 {duration} 전"),
    "records-in": ("Records in /s", "입력 /초"),
    "records-out": ("Records out /s", "출력 /초"),
    "checkpoint-size": ("Checkpoint size", "체크포인트 크기"),
    "busy": ("Busy", "사용률"),
    "backpressured": ("Backpressured", "백프레셔"),
    "search": ("Search", "검색"),
    "job-options": ("Options of the job", "Job 옵션"),
    "option": ("Option", "옵션"),
    "value": ("Value", "값"),
    "failures": ("Failures that Flink remembers", "Flink가 기억하는 장애"),
    "time": ("Time", "시각"),
    "where": ("Where", "위치"),
    "what": ("What", "내용"),
    "none": ("None.", "없음."),
    # Live state
    "live-state": ("Live state: abnormalCount", "실시간 상태: abnormalCount"),
    "live-note": (
        "From {threshold} abnormal events in a row onwards, each one raises an alert; a normal event resets the count.",
        "연속 이상행동 {threshold}회부터 이벤트마다 알람이 발생하고, 정상 이벤트는 카운트를 초기화합니다.",
    ),
    "live-limit": (
        "Each subtask reports its top {limit} users among those it has seen since it started.",
        "각 서브태스크는 시작 이후 본 사용자 중 상위 {limit}명을 알려 줍니다.",
    ),
    "live-aria": (
        "Bars of {users} users' counts against the threshold of {threshold}.",
        "사용자 {users}명의 카운트와 임계값 {threshold}.",
    ),
    "threshold": ("threshold", "임계값"),
    "user": ("User", "사용자"),
    "count": ("Count", "카운트"),
    "last-events": ("Last events, newest on the right", "최근 이벤트 (오른쪽이 최신)"),
    "events-legend": ("● abnormal  ○ normal", "● 이상행동  ○ 정상"),
    "seen": ("Seen", "마지막 이벤트"),
    "live-off": (
        "This job was submitted with --no-live. Submit it with --live to see its counts.",
        "이 Job은 --no-live 로 제출되었습니다. 카운트를 보려면 --live 로 제출하세요.",
    ),
    "live-not-published": (
        "No task of this job publishes counts: it is another job, or its detector has not started yet.",
        "카운트를 알리는 태스크가 없습니다. 다른 Job이거나 아직 시작되지 않았습니다.",
    ),
    "live-not-read-yet": ("The counts have not been read yet.", "카운트를 아직 읽지 못했습니다."),
    "live-no-user": ("No user has sent an event yet.", "아직 이벤트를 보낸 사용자가 없습니다."),
    # Alerts
    "alerts": ("Alerts", "알람"),
    "alerts-figures": (
        "{seen} seen, {rate} per minute",
        "{seen}건 확인, 분당 {rate}건",
    ),
    "alerts-missed": (
        "{missed} more came faster than this page reads.",
        "{missed}건은 페이지가 읽는 속도보다 빨라 표시되지 않았습니다.",
    ),
    "alerts-chart": ("Alerts per minute", "분당 알람"),
    "noisiest": ("Noisiest users", "알람이 많은 사용자"),
    "search-user": ("Search by user", "사용자 검색"),
    "alert-line": ("[ALERT] userId={user} 이상행동 {count}회 감지!", "[ALERT] userId={user} 이상행동 {count}회 감지!"),
    "alerts-unseen": (
        "This page can't see this job's alerts: they go to its files only. To see them here, submit it "
        "with --sink print as well.",
        "이 Job의 알람은 파일에만 기록되어 이 페이지에서 볼 수 없습니다. 여기서 보려면 --sink print 를 추가해 제출하세요.",
    ),
    "no-alerts": ("No alert has been seen yet.", "아직 확인된 알람이 없습니다."),
    # Log
    "log": ("Application log", "실시간 애플리케이션 로그"),
    "log-filter": ("Filter", "필터"),
    "log-kind": ("Show", "표시"),
    "log-all": ("All lines", "전체"),
    "log-emit": ("[Source Emit]", "[Source Emit]"),
    "log-alert": ("[ALERT]", "[ALERT]"),
    "log-pause": ("Pause", "일시정지"),
    "log-resume": ("Resume", "다시 시작"),
    "log-from": (
        "The end of the standard output of {names}.",
        "{names} 의 표준 출력 끝부분을 읽습니다.",
    ),
    "log-no-taskmanager": ("There is no TaskManager to read from.", "읽을 TaskManager가 없습니다."),
    "log-no-stdout": (
        "The TaskManagers serve no standard output. This needs the .out file that Flink's daemon scripts write; with "
        "start-foreground, set STD_REDIRECT_TO_FILE=true.",
        "TaskManager가 표준 출력을 제공하지 않습니다. Flink 데몬 스크립트의 .out 파일이 필요하며, "
        "start-foreground 에서는 STD_REDIRECT_TO_FILE=true 를 설정하세요.",
    ),
    "log-not-printing": (
        "This job prints nothing, so only its alerts are shown. Submit it with --sink print to see its events too.",
        "이 Job은 출력하지 않아 알람만 표시합니다. 이벤트도 보려면 --sink print 로 제출하세요.",
    ),
    "log-not-read-yet": ("Not read yet.", "아직 읽지 못했습니다."),
    "log-dropped": ("{size} were skipped to stay within bounds.", "한도를 지키기 위해 {size}를 건너뛰었습니다."),
    # Checkpoints
    "checkpoint-history": ("History", "체크포인트 히스토리"),
    "checkpoint-averages": (
        "{duration} and {size} on average (the seed's run: 61 ms and 6 KB)",
        "평균 {duration}, {size} (원본 실행: 61 ms, 6 KB)",
    ),
    "checkpoint-settings": (
        "Every {interval}, {mode}, {aligned}; state in {backend}, kept in {storage}",
        "{interval}마다, {mode}, {aligned}; 상태 백엔드 {backend}, 저장소 {storage}",
    ),
    "exactly-once": ("exactly once", "exactly-once"),
    "at-least-once": ("at least once", "at-least-once"),
    "unaligned": ("unaligned", "unaligned"),
    "aligned": ("aligned", "aligned"),
    "checkpoint-durations": ("Duration, ms", "소요 시간, ms"),
    "checkpoint-sizes": ("Size, KB", "크기, KB"),
    "checkpoint-id": ("Checkpoint", "체크포인트"),
    "kind": ("Kind", "종류"),
    "kind-checkpoint": ("checkpoint", "체크포인트"),
    "kind-savepoint": ("savepoint", "세이브포인트"),
    "kept": ("Still there", "보관"),
    "kept-yes": ("yes", "보관 중"),
    "kept-no": ("no, replaced by a newer one", "삭제됨 (새 체크포인트로 대체)"),
    "restored": ("used for a restore", "복원에 사용됨"),
    "triggered": ("Triggered", "시작"),
    "duration": ("Duration", "소요 시간"),
    "size": ("Size", "크기"),
    "acknowledged": ("Acknowledged", "확인"),
    "alignment": ("Barrier alignment", "배리어 정렬"),
    "sync": ("Sync", "동기"),
    "async": ("Async", "비동기"),
    "start-delay": ("Start delay", "시작 지연"),
    "checkpoint-detail": ("Checkpoint {id}, task by task", "체크포인트 #{id} 태스크별 상세"),
    "checkpoint-pick": ("Task by task for checkpoint", "상세를 볼 체크포인트"),
    "no-detail": ("Flink does not provide its details (any more).", "Flink가 상세 정보를 (더 이상) 제공하지 않습니다."),
    "no-checkpoints": ("This job has taken no checkpoint.", "이 Job의 체크포인트가 없습니다."),
    # Recovery
    "recovery": ("Recovery", "장애 복구"),
    "recovery-none": (
        "Nothing has been lost since this dashboard started.",
        "대시보드가 지켜보는 동안 장애가 없었습니다.",
    ),
    "recovery-try": (
        "To see it happen, kill {name} in a terminal; it is restarted automatically:",
        "직접 보려면 터미널에서 {name} 프로세스를 강제 종료하세요. 자동으로 다시 시작됩니다:",
    ),
    "recovery-try-there": (
        "To see it happen, kill the process of {name}, which listens at {host}.",
        "직접 보려면 {host} 에서 동작하는 {name} 프로세스를 강제 종료하세요.",
    ),
    "cause-taskmanager": ("TaskManager lost", "TaskManager 장애"),
    "cause-jobmanager": ("JobManager lost", "JobManager 장애"),
    "cause-task": ("Task failed", "태스크 실패"),
    "step-lost": ("{subject} is lost", "{subject} 장애 발생"),
    "step-noticed": (
        "JobManager noticed: {number} of {total} tasks are not running",
        "JobManager 장애 감지: 태스크 {total}개 중 {number}개 중단",
    ),
    "step-noticed-bare": ("JobManager noticed", "JobManager 장애 감지"),
    "step-silent": ("no JobManager answers", "응답하는 JobManager 없음"),
    "step-leader": ("{subject} leads now", "새 리더: {subject}"),
    "step-leader-bare": ("a JobManager answers again", "JobManager가 다시 응답"),
    "why-all-stop": (
        "All tasks stop, even those that did not fail: they exchange events with the lost ones, and each count is "
        "right only if every task goes back to the same checkpoint.",
        "장애가 없던 태스크도 모두 멈춥니다. 서로 이벤트를 주고받으므로, 모든 태스크가 같은 체크포인트로 돌아가야 "
        "카운트가 정확합니다.",
    ),
    "step-restored": ("restoring from checkpoint {number}", "체크포인트 #{number}에서 복원 시작"),
    "why-one-checkpoint": (
        "Each task loads its state from that checkpoint as soon as it has a slot.",
        "각 태스크는 슬롯을 받는 대로 이 체크포인트의 상태를 불러옵니다.",
    ),
    "step-slots": ("{subject} has registered", "{subject} 등록됨"),
    "step-running": ("all {total} tasks run again", "태스크 {total}개 모두 다시 실행"),
    "step-failed": ("the job did not recover: {subject}", "Job이 복구되지 않음: {subject}"),
    "step-failed-forgotten": ("the cluster has forgotten the job", "클러스터가 Job을 잊음"),
    "step-forgotten": ("this JobManager does not know the job", "새 JobManager가 Job을 모름"),
    "step-submitted": ("submitted again, as job {subject}", "다시 제출됨: Job {subject}"),
    "recovered-in": ("running again after {duration}", "{duration} 만에 복구"),
    "recovering": ("recovering for {duration}", "복구 중 ({duration})"),
    "recovery-failed": ("did not recover", "복구 실패"),
    "recovery-chart": ("Seconds until running again", "복구까지 걸린 시간 (초)"),
    "phase-notice": ("until noticed", "감지까지"),
    "phase-restore": ("until restoring", "복원 시작까지"),
    "phase-run": ("until all ran", "재실행까지"),
    # Diagrams to learn from
    "learn-cluster": (
        "The JobManager schedules jobs, manages the slots, triggers checkpoints and notices failures; with high "
        "availability one of several leads. TaskManagers do the work, in slots: each holds one subtask of each task "
        "that shares it.",
        "JobManager는 Job 스케줄링, 리소스 관리, 체크포인트 조정, 장애 감지를 맡고, 고가용성 구성에서는 하나가 리더입니다. "
        "TaskManager는 슬롯에서 실제 연산을 수행하며, 슬롯을 공유하는 태스크의 서브태스크가 함께 실행됩니다.",
    ),
    "learn-pipeline": (
        "The source's events are routed by the hash of their userId, so that one subtask sees all events of a user. It "
        "counts them in its keyed state, and sends the alerts to the sink.",
        "소스가 만든 이벤트는 userId 해시로 분배되어 한 사용자의 이벤트를 항상 같은 서브태스크가 처리합니다. "
        "Keyed State에 카운트를 저장하고 알람은 싱크로 보냅니다.",
    ),
    "lesson-checkpoint": ("A checkpoint", "체크포인트 동작 과정"),
    "learn-checkpoint": (
        "The coordinator sends a barrier into the sources; it flows with the events. A task that has received it on "
        "all its inputs snapshots its state and acknowledges; once all have, the checkpoint is complete. Aligned, a "
        "task waits for the slowest input; unaligned, the barrier overtakes the events, which are stored with it.",
        "코디네이터가 소스에 배리어를 보내고, 배리어는 이벤트와 함께 흐릅니다. 모든 입력에서 배리어를 받은 태스크는 상태를 "
        "스냅샷하고 확인 응답을 보냅니다. 모두 응답하면 체크포인트가 완료됩니다. 정렬 방식은 가장 느린 입력을 기다리고, "
        "비정렬 방식은 배리어가 이벤트를 앞지르며 그 이벤트도 함께 저장합니다.",
    ),
    "lesson-coordinator": ("JobManager: Checkpoint Coordinator", "JobManager (Checkpoint Coordinator)"),
    "lesson-barrier": ("1. barrier", "1. Barrier 전송"),
    "lesson-acknowledged": ("ack after {duration}", "{duration} 후 응답"),
    "lesson-aligned": ("alignment {duration}", "정렬 {duration}"),
    "lesson-snapshot": ("2. state snapshot (the counts now)", "2. 상태 스냅샷 (현재 카운트)"),
    "lesson-store": ("3. stored", "3. 저장"),
    "lesson-storage": ("Store", "외부 저장소"),
    "lesson-recovery": ("A recovery", "장애 복구 과정"),
    "learn-recovery": (
        "What happened in the newest recovery; a stage that was not reached is dashed.",
        "가장 최근 복구에서 일어난 일입니다. 도달하지 않은 단계는 점선입니다.",
    ),
    "stage-well": ("All is well", "정상 상태"),
    "stage-well-more": (
        "Every task runs; each checkpoint stores the sources' positions and the counts.",
        "모든 태스크가 실행 중이며, 체크포인트마다 소스 위치와 카운트가 저장됩니다.",
    ),
    "stage-failure": ("Failure", "장애 발생"),
    "stage-failure-more": ("A TaskManager or a JobManager is lost.", "TaskManager 또는 JobManager가 사라집니다."),
    "stage-noticed": ("Noticed", "장애 감지"),
    "stage-noticed-more": (
        "The JobManager misses its heartbeat, and stops all of the job's tasks: they go back to one checkpoint together.",
        "JobManager가 하트비트 누락을 감지하고 모든 태스크를 중단합니다. 모두 같은 체크포인트로 돌아가기 위해서입니다.",
    ),
    "stage-restored": ("Restoring", "상태 복원"),
    "stage-restored-more": (
        "Tasks restart with the state of the newest checkpoint; sources go back to its position.",
        "최신 체크포인트의 상태로 태스크를 다시 시작하고, 소스는 그 위치로 돌아갑니다.",
    ),
    "stage-running": ("Running again", "처리 재개"),
    "stage-running-more": (
        "What came after the checkpoint is processed again: no alert is lost, none is raised twice.",
        "체크포인트 이후 데이터를 다시 처리합니다. 알람은 유실도 중복도 없습니다.",
    ),
    # Alarms
    "alarms": ("Alarms", "경보"),
    "dismiss": ("Dismiss", "확인했음"),
    "alarm-since": ("since {clock}", "{clock} 부터"),
    "alarm-no-checkpoint": ("No checkpoint has completed for 3 intervals", "체크포인트 주기 3회 동안 완료가 없음"),
    "look-no-checkpoint": (
        "Check the last failed checkpoint, backpressure, and the checkpoint store.",
        "마지막 실패 체크포인트, 백프레셔, 체크포인트 저장소를 확인하세요.",
    ),
    "alarm-checkpoint-failed": ("Checkpoint {subject} failed", "체크포인트 #{subject} 실패"),
    "look-checkpoint-failed": (
        "One does no harm: the next may complete. If it repeats, check the JobManager's log and the store.",
        "한 번은 괜찮습니다. 반복되면 JobManager 로그와 저장소를 확인하세요.",
    ),
    "alarm-job-restarting": ("The job is restarting: {subject}", "Job 재시작 중: {subject}"),
    "look-job-restarting": (
        "See Recovery for its progress and the reason.",
        "장애 복구 탭에서 진행 상황과 원인을 확인하세요.",
    ),
    "alarm-job-failed": ("The job has failed or is lost: {subject}", "Job 실패 또는 유실: {subject}"),
    "look-job-failed": (
        "See the reason under Jobs and tasks, or under Recovery if its JobManager was lost. Submit it again with "
        "--from latest. This alarm stays until a job of that name runs, or you dismiss it.",
        "원인은 Job과 태스크 탭, JobManager 장애라면 장애 복구 탭에 있습니다. --from latest 로 다시 제출하세요. 같은 이름의 "
        "Job이 실행되거나 확인할 때까지 표시됩니다.",
    ),
    "alarm-taskmanager-lost": ("TaskManager lost: {subject}", "TaskManager 장애: {subject}"),
    "look-taskmanager-lost": (
        "Check its log and the machine's memory. The job continues once there are enough slots.",
        "로그와 메모리를 확인하세요. 슬롯이 충분하면 Job은 계속됩니다.",
    ),
    "alarm-no-free-slot": (
        "Tasks are waiting for slots, and none is free",
        "태스크가 슬롯을 기다리지만 빈 슬롯이 없음",
    ),
    "look-no-free-slot": (
        "Add a TaskManager, or submit the job with --slots shared.",
        "TaskManager를 추가하거나 --slots shared 로 제출하세요.",
    ),
    "alarm-backpressure": ("{subject} is backpressured {percent} of the time", "{subject} 백프레셔 {percent}"),
    "look-backpressure": (
        "What comes after it is too slow: see which task is busiest.",
        "다음 태스크가 느립니다. 가장 바쁜 태스크를 확인하세요.",
    ),
    "alarm-source-idle": ("The source sends nothing: {subject}", "소스에서 이벤트가 없음: {subject}"),
    "look-source-idle": ("Check whether its input has anything new.", "입력에 새 데이터가 있는지 확인하세요."),
    "alarm-event-time-stands": ("Event time stands still: {subject}", "이벤트 시간이 멈춰 있음: {subject}"),
    "look-event-time-stands": (
        "Look at the partitions of the job: one of them holds the watermark back.",
        "Job의 파티션을 보세요. 그중 하나가 워터마크를 붙잡고 있습니다.",
    ),
    "alarm-transactions-lost": (
        "Kafka's brokers had aborted what {subject} was to commit",
        "Kafka 브로커가 취소해 커밋하지 못한 트랜잭션: {subject}",
    ),
    "look-transactions-lost": (
        "Alerts are missing for read_committed consumers: docs/kafka.md tells how to have them written again.",
        "read_committed 컨슈머에 보이지 않는 알람이 있습니다. 다시 쓰는 방법은 docs/kafka.ko.md 에 있습니다.",
    ),
    "alarm-jobmanager-gone": ("JobManager does not answer: {subject}", "JobManager 응답 없음: {subject}"),
    "look-jobmanager-gone": ("Check its process and its log.", "프로세스와 로그를 확인하세요."),
}


class Texts:
    """The texts of one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._column = LANGUAGES.index(language)

    def __call__(self, key: str, **arguments: object) -> str:
        """Return a text with its arguments filled in; raises KeyError for an unknown key."""
        text = _TEXTS[key][self._column]
        # Not str.format on what users sent: arguments are put in once, and their braces stay as they are.
        return text.format(**arguments) if arguments else text


def keys() -> tuple[str, ...]:
    """Return the names of all texts."""
    return tuple(_TEXTS)


def both(key: str) -> tuple[str, str]:
    """Return a text in both languages, unfilled."""
    return _TEXTS[key]
